//! From the text of an expression to its tree, or to the place where it stops to be one.

use super::{Filling, Function, Node, Sign};

/// Deeper nesting than anybody writes; the parser calls itself.
const MAX_DEPTH: usize = 32;
/// Of a text that is an error's.
const MAX_SHOWN: usize = 40;

/// Functions of CloudWatch that are refused by name, with why.
const REFUSED: [(&str, &str); 8] = [
    ("SEARCH", "Fluoro does not search for metrics; name each in the list"),
    ("SELECT", "Fluoro has no Metrics Insights; name each metric in the list"),
    ("INSIGHT_RULE_METRIC", "Fluoro has no Contributor Insights"),
    ("SERVICE_QUOTA", "Fluoro knows no quotas of AWS"),
    ("DB_PERF_INSIGHTS", "Fluoro has no Performance Insights"),
    ("LAMBDA", "Fluoro calls no functions of AWS Lambda"),
    ("ANOMALY_DETECTION_BAND", "Fluoro has no bands; its insights find what is unusual without any"),
    ("LOGS", "Fluoro keeps no logs"),
];

/// Binary signs, weakest first; those of one row bind alike. A longer one stands before one that it begins with.
const LEVELS: [&[(&str, Sign)]; 5] = [
    &[("||", Sign::Or), ("OR", Sign::Or)],
    &[("&&", Sign::And), ("AND", Sign::And)],
    &[
        ("<=", Sign::LessOrEqual),
        (">=", Sign::GreaterOrEqual),
        ("==", Sign::Equal),
        ("!=", Sign::NotEqual),
        ("<", Sign::Less),
        (">", Sign::Greater),
    ],
    &[("+", Sign::Plus), ("-", Sign::Minus)],
    &[("*", Sign::Times), ("/", Sign::Over)],
];

pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let node = parser.level(0)?;
    parser.skip_space();
    if parser.rest().is_empty() { Ok(node) } else { Err(parser.unexpected("an operator or the end")) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Operands joined by the signs of a row, from the left.
    fn level(&mut self, level: usize) -> Result<Node, String> {
        let Some(signs) = LEVELS.get(level) else { return self.power() };
        if level == 0 {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(format!("it is nested more than {MAX_DEPTH} deep at character {}", self.at));
            }
        }
        let mut node = self.level(level + 1)?;
        while let Some(sign) = self.sign(signs) {
            node = Node::Both(sign, Box::new(node), Box::new(self.level(level + 1)?));
        }
        if level == 0 {
            self.depth -= 1;
        }
        Ok(node)
    }

    /// `2 ^ 3`, where a minus before the first binds weaker.
    fn power(&mut self) -> Result<Node, String> {
        let mut minuses = 0usize;
        while self.take("-") {
            minuses += 1;
        }
        let mut node = self.operand()?;
        while self.take("^") {
            let is_negative = self.take("-");
            let exponent = self.operand()?;
            let exponent = if is_negative { Node::Negative(Box::new(exponent)) } else { exponent };
            node = Node::Both(Sign::Power, Box::new(node), Box::new(exponent));
        }
        Ok(if minuses % 2 == 1 { Node::Negative(Box::new(node)) } else { node })
    }

    fn operand(&mut self) -> Result<Node, String> {
        if self.take("(") {
            let node = self.level(0)?;
            self.expect(")")?;
            return Ok(node);
        }
        if self.take("[") {
            return Ok(Node::List(self.until("]")?));
        }
        self.skip_space();
        let rest = self.rest();
        if rest.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            return self.number();
        }
        let end = rest.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').unwrap_or(rest.len());
        let (word, from) = (&rest[..end], self.at);
        if word.is_empty() {
            return Err(self.unexpected("a number, an id, a function or ("));
        }
        self.at += end;
        if self.take("(") {
            return self.call(word, from);
        }
        if word.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Ok(Node::Id(word.to_owned()));
        }
        match word {
            "REPEAT" => Ok(Node::Word(Filling::Repeat)),
            "LINEAR" => Ok(Node::Word(Filling::Linear)),
            _ => Err(refusal(word, from)),
        }
    }

    fn call(&mut self, word: &str, from: usize) -> Result<Node, String> {
        if word == "METRICS" {
            return self.metrics();
        }
        let Some(function) = Function::parse(word) else { return Err(refusal(word, from)) };
        let parts = self.until(")")?;
        let (least, most) = function.takes();
        if !(least..=most).contains(&parts.len()) {
            let takes = if least == most { least.to_string() } else { format!("{least} to {most}") };
            return Err(format!(
                "{word} at character {from} takes {takes} arguments, and has {}",
                parts.len()
            ));
        }
        Ok(Node::Call(function, parts))
    }

    fn metrics(&mut self) -> Result<Node, String> {
        for quote in ["\"", "'"] {
            if self.take(quote) {
                let rest = self.rest();
                let Some(end) = rest.find(quote) else { return Err(self.unexpected("a closing quote")) };
                self.at += end + 1;
                self.expect(")")?;
                return Ok(Node::Metrics(Some(rest[..end].to_owned())));
            }
        }
        self.expect(")")?;
        Ok(Node::Metrics(None))
    }

    /// Parts with commas between, up to what closes them.
    fn until(&mut self, close: &str) -> Result<Vec<Node>, String> {
        let mut parts = vec![self.level(0)?];
        while self.take(",") {
            parts.push(self.level(0)?);
        }
        self.expect(close)?;
        Ok(parts)
    }

    fn number(&mut self) -> Result<Node, String> {
        let rest = self.rest();
        let mut end = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.').unwrap_or(rest.len());
        if let Some(power) = rest[end..].strip_prefix(['e', 'E']) {
            let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
            let length = digits.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(digits.len());
            if length > 0 {
                end += 1 + (power.len() - digits.len()) + length;
            }
        }
        match rest[..end].parse::<f64>() {
            Ok(value) if value.is_finite() => {
                self.at += end;
                Ok(Node::Number(value))
            }
            _ => Err(format!("{} at character {} is no number", short(&rest[..end]), self.at)),
        }
    }

    fn sign(&mut self, signs: &[(&str, Sign)]) -> Option<Sign> {
        let is_word = |text: &str| text.starts_with(|first: char| first.is_ascii_alphabetic());
        self.skip_space();
        for (text, sign) in signs {
            let Some(after) = self.rest().strip_prefix(text) else { continue };
            let goes_on = after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
            if !(is_word(text) && goes_on) {
                self.at += text.len();
                return Some(*sign);
            }
        }
        None
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, sign: &str) -> bool {
        self.skip_space();
        let is_next = self.rest().starts_with(sign);
        if is_next {
            self.at += sign.len();
        }
        is_next
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected(sign)) }
    }

    fn unexpected(&self, wanted: &str) -> String {
        let rest = self.rest();
        match rest.chars().next() {
            None => format!("it ends at character {}, where {wanted} must follow", self.at),
            Some(_) => format!("unexpected {} at character {}, must be: {wanted}", short(rest), self.at),
        }
    }
}

fn refusal(word: &str, at: usize) -> String {
    match REFUSED.iter().find(|(known, _)| *known == word) {
        Some((_, why)) => format!("{word} at character {at}: {why}"),
        None => format!(
            "{} at character {at} is no function that Fluoro has, and ids begin with a small letter",
            short(word)
        ),
    }
}

fn short(text: &str) -> String {
    format!("'{}'", text.chars().take(MAX_SHOWN).collect::<String>())
}
