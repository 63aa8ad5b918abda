//! From the text of a rule to its expression, or to the place where it stops to be one.

use super::{Expression, MAX_CHILDREN, MAX_ELEMENTS, MAX_RULE_BYTES, Needed, Rule};
use crate::State;

/// Deeper nesting than anybody writes; the parser calls itself.
const MAX_DEPTH: usize = 64;

/// Why a text is no rule, in CloudWatch's words where it has some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError(String);

impl std::fmt::Display for RuleError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Error in AlarmRule [{}]", self.0)
    }
}

impl std::error::Error for RuleError {}

pub(super) fn parse(text: &str) -> Result<Expression, RuleError> {
    if text.len() > MAX_RULE_BYTES {
        return Err(RuleError(format!(
            "the rule has {} characters, and at most {MAX_RULE_BYTES} are taken",
            text.len()
        )));
    }
    let mut parser = Parser { text, at: 0, depth: 0, elements: 0 };
    let expression = parser.rule()?;
    match parser.next_word() {
        "" => {}
        _ => return Err(parser.unsupported("AND, OR or the end of the rule")),
    }
    let children = Rule(expression.clone()).children().len();
    if children > MAX_CHILDREN {
        return Err(RuleError(format!(
            "the rule names {children} alarms, and at most {MAX_CHILDREN} are taken"
        )));
    }
    Ok(expression)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    elements: usize,
}

impl<'a> Parser<'a> {
    fn rule(&mut self) -> Result<Expression, RuleError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(RuleError(format!(
                "the rule is nested more than {MAX_DEPTH} deep at char {}",
                self.at
            )));
        }
        let mut parts = vec![self.all()?];
        while self.take_word("OR") {
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Ok(one_or(parts, Expression::Or))
    }

    fn all(&mut self) -> Result<Expression, RuleError> {
        let mut parts = vec![self.term()?];
        while self.take_word("AND") {
            parts.push(self.term()?);
        }
        Ok(one_or(parts, Expression::And))
    }

    fn term(&mut self) -> Result<Expression, RuleError> {
        // Each NOT is one word, so they are counted here and not by depth.
        let mut negations = 0usize;
        while self.take_word("NOT") {
            negations += 1;
            self.count()?;
        }
        self.count()?;
        let inner = if self.take_word("TRUE") {
            Expression::Constant(true)
        } else if self.take_word("FALSE") {
            Expression::Constant(false)
        } else if self.take_word("AT_LEAST") {
            self.at_least()?
        } else if self.take_sign('(') {
            let inner = self.rule()?;
            self.expect(')')?;
            inner
        } else {
            let state = self.state()?;
            self.expect('(')?;
            let alarm = self.name()?;
            self.expect(')')?;
            Expression::Is { state, alarm }
        };
        Ok(if negations % 2 == 1 { Expression::Not(Box::new(inner)) } else { inner })
    }

    fn at_least(&mut self) -> Result<Expression, RuleError> {
        self.expect('(')?;
        let number = self.next_word();
        let Ok(value) = number.parse::<usize>() else {
            return Err(self.unsupported("a number or a percentage"));
        };
        self.at += number.len();
        let is_percent = self.take_sign('%');
        self.expect(',')?;
        let negated = self.take_word("NOT");
        let state = self.state()?;
        self.expect(',')?;
        self.expect('(')?;
        let mut alarms = vec![self.name()?];
        while self.take_sign(',') {
            alarms.push(self.name()?);
        }
        self.expect(')')?;
        self.expect(')')?;
        let needed = if is_percent { percent(value)? } else { absolute(value, alarms.len())? };
        Ok(Expression::AtLeast { needed, negated, state, alarms })
    }

    fn state(&mut self) -> Result<State, RuleError> {
        let word = self.next_word();
        let Some(state) = State::parse(word) else {
            return Err(self.unsupported("ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, NOT, TRUE, FALSE or ("));
        };
        self.at += word.len();
        Ok(state)
    }

    /// Plain up to a sign that ends it, or quoted.
    fn name(&mut self) -> Result<String, RuleError> {
        self.count()?;
        self.skip_space();
        if !self.take_sign('"') {
            let rest = &self.text[self.at..];
            let end = rest.find(['(', ')', ',', '"']).unwrap_or(rest.len());
            let name = rest[..end].trim_end();
            if name.is_empty() || name.contains(char::is_whitespace) {
                return Err(self.unsupported("the name or ARN of an alarm, in quotes where it has spaces"));
            }
            self.at += end;
            return Ok(name.to_owned());
        }
        let mut name = String::new();
        let mut signs = self.text[self.at..].char_indices();
        while let Some((offset, sign)) = signs.next() {
            match sign {
                '"' => {
                    self.at += offset + 1;
                    return Ok(name);
                }
                '\\' => name.extend(signs.next().map(|(_, escaped)| escaped)),
                other => name.push(other),
            }
        }
        Err(self.unsupported("a closing quote"))
    }

    fn count(&mut self) -> Result<(), RuleError> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(RuleError(format!("the rule has more than {MAX_ELEMENTS} elements")));
        }
        Ok(())
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn next_word(&mut self) -> &'a str {
        self.skip_space();
        let rest = &self.text[self.at..];
        let end = rest.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').unwrap_or(rest.len());
        // A sign is a word of its own, so that it can be named.
        if end == 0 { &rest[..rest.chars().next().map_or(0, char::len_utf8)] } else { &rest[..end] }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_next = self.next_word() == word;
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    fn take_sign(&mut self, sign: char) -> bool {
        self.skip_space();
        let is_next = self.text[self.at..].starts_with(sign);
        if is_next {
            self.at += sign.len_utf8();
        }
        is_next
    }

    fn expect(&mut self, sign: char) -> Result<(), RuleError> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unsupported(&format!("'{sign}'"))) }
    }

    fn unsupported(&mut self, wanted: &str) -> RuleError {
        match self.next_word() {
            "" => RuleError(format!("Unexpected end of the rule at char {}, must be: {wanted}", self.at)),
            word => RuleError(format!("Unsupported token '{word}' at char {}, must be: {wanted}", self.at)),
        }
    }
}

fn one_or(mut parts: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

fn absolute(value: usize, alarms: usize) -> Result<Needed, RuleError> {
    if (1..=alarms).contains(&value) {
        return Ok(Needed::Alarms(value));
    }
    Err(RuleError(format!("AT_LEAST absolute threshold must be between 1 and number of alarms ({alarms})")))
}

fn percent(value: usize) -> Result<Needed, RuleError> {
    match u8::try_from(value) {
        Ok(percent @ 1..=100) => Ok(Needed::Percent(percent)),
        _ => Err(RuleError("AT_LEAST percentage threshold must be between 1 and 100".to_owned())),
    }
}
