//! From tokens to the tree, by recursive descent: `!` binds before AND, AND before OR, and two conditions
//! side by side are joined by AND (docs/xray.md 4.2).

mod cursor;

use std::str::FromStr;

use model::property::{Comparator, Text, TextMatch};
use serde_json::Value;

use super::FilterError;
use super::lexer::Token;
use super::selector::{NodeSelector, Selector};
use super::syntax::{
    AnnotationTest, CausePart, Expression, FlagWord, GroupReference, NumberTest, NumberWord, Scope, Term,
    TextTest, TextWord, Word,
};
use cursor::Parser;
pub(super) use cursor::{Expected, ValueOf};

/// Words that join conditions and cannot begin one.
const JOINS: [&str; 2] = ["AND", "OR"];

/// The longest `EntitySelectorExpression` of X-Ray's API, in characters.
const MAX_SELECTOR: usize = 500;

/// Comparators of texts that are words.
const MATCHES: [TextMatch; 3] = [TextMatch::Contains, TextMatch::BeginsWith, TextMatch::EndsWith];

/// The tree of a whole filter expression; `None` for one without conditions.
pub(super) fn filter(text: &str) -> Result<Option<Expression>, FilterError> {
    let mut parser = Parser::new(text)?;
    if parser.is_at_end() {
        return Ok(None);
    }
    let expression = parser.or(Scope::Trace)?;
    parser.end()?;
    Ok(Some(expression))
}

impl FromStr for Selector {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        if text.is_empty() || text.chars().nth(MAX_SELECTOR).is_some() {
            let message = format!("Expression must have 1 to {MAX_SELECTOR} characters");
            return Err(FilterError { line: 1, position: 0, message });
        }
        selector(text)
    }
}

/// A selector: one `service` or `edge` without a block, and nothing else.
fn selector(text: &str) -> Result<Selector, FilterError> {
    let mut parser = Parser::new(text)?;
    let selector = match parser.peek() {
        Token::Word(word) if word.eq_ignore_ascii_case("service") => {
            parser.advance();
            Selector::Service(parser.service()?)
        }
        Token::Word(word) if word.eq_ignore_ascii_case("edge") => {
            parser.advance();
            let (source, target) = parser.edge()?;
            Selector::Edge(source, target)
        }
        _ => return Err(parser.unexpected()),
    };
    parser.end()?;
    Ok(selector)
}

/// What may follow a text that is the beginning of an expression; nothing where it is none.
pub(super) fn expected_after(text: &str) -> Vec<Expected> {
    let Ok(mut parser) = Parser::new(text) else {
        return Vec::new();
    };
    // A text that is complete can go on as well, so both outcomes tell.
    let _ = parser.or(Scope::Trace);
    parser.into_expected()
}

impl Parser<'_> {
    fn or(&mut self, scope: Scope) -> Result<Expression, FilterError> {
        let mut members = vec![self.and(scope)?];
        while self.take_word("OR") {
            members.push(self.and(scope)?);
        }
        Ok(Expression::any(members))
    }

    fn and(&mut self, scope: Scope) -> Result<Expression, FilterError> {
        let mut members = vec![self.not(scope)?];
        loop {
            if !self.take_word("AND") && !self.begins_condition(scope) {
                return Ok(Expression::all(members));
            }
            members.push(self.not(scope)?);
        }
    }

    fn not(&mut self, scope: Scope) -> Result<Expression, FilterError> {
        if self.take(&Token::Not) || self.take_word("NOT") {
            let operand = self.nested(|parser| parser.not(scope))?;
            return Ok(Expression::Not(Box::new(operand)));
        }
        if self.take(&Token::Open) {
            let inner = self.nested(|parser| parser.or(scope))?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        self.term(scope).map(Expression::Term)
    }

    fn begins_condition(&mut self, scope: Scope) -> bool {
        self.hint_of(Expected::Condition(scope));
        match self.peek() {
            Token::Not | Token::Open => true,
            Token::Word(word) => !JOINS.iter().any(|join| join.eq_ignore_ascii_case(word)),
            _ => false,
        }
    }

    fn term(&mut self, scope: Scope) -> Result<Term, FilterError> {
        self.hint_of(Expected::Condition(scope));
        let Token::Word(text) = *self.peek() else {
            return Err(self.unexpected());
        };
        if let Some(word) = Word::find(text, scope) {
            self.advance();
            return match word {
                Word::Flag(word) => self.flag(word),
                Word::Number(word) => self.number(word),
                Word::Text(word) => self.text(word),
            };
        }
        // The rest speaks about whole traces, or about what a service's spans say; inside other blocks it is not
        // understood.
        if matches!(scope, Scope::Trace | Scope::Node)
            && let Some(term) = self.named_annotation(text)?
        {
            return Ok(term);
        }
        if scope != Scope::Trace {
            return Err(self.unexpected());
        }
        self.trace_term(text)
    }

    /// A condition on `annotation.key` or `annotation[key]`, if it is one.
    fn named_annotation(&mut self, word: &str) -> Result<Option<Term>, FilterError> {
        const NAME: &str = "annotation";
        if word.eq_ignore_ascii_case(NAME) {
            self.advance();
            let Token::Key(key) = self.peek().clone() else {
                return Err(self.unexpected());
            };
            self.advance();
            return self.annotation(key).map(Some);
        }
        let Some((head, key)) = word.split_once('.') else { return Ok(None) };
        if key.is_empty() || !head.eq_ignore_ascii_case(NAME) {
            return Ok(None);
        }
        self.advance();
        self.annotation(key.to_owned()).map(Some)
    }

    fn trace_term(&mut self, word: &str) -> Result<Term, FilterError> {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "service" => {
                self.advance();
                let node = self.service()?;
                Ok(Term::Service(node, self.optional_block(Scope::Node)?))
            }
            "edge" => {
                self.advance();
                let (source, target) = self.edge()?;
                Ok(Term::Edge(source, target, self.optional_block(Scope::Edge)?))
            }
            "group.name" => self.group(GroupReference::Name),
            "group.arn" => self.group(GroupReference::Arn),
            "rootcause.json" | "json" => self.template(),
            _ => {
                let Some((kind, part)) = CausePart::find(&lower) else {
                    return Err(self.unexpected());
                };
                let Some(scope) = part.scope(kind) else {
                    return Err(self.unexpected());
                };
                self.advance();
                Ok(Term::RootCause(kind, part, Box::new(self.block(scope)?)))
            }
        }
    }

    fn flag(&mut self, word: FlagWord) -> Result<Term, FilterError> {
        let Some(equal) = self.take_equality()? else {
            return Ok(Term::Flag(word, true));
        };
        let value = self.boolean()?;
        Ok(Term::Flag(word, value == equal))
    }

    fn number(&mut self, word: NumberWord) -> Result<Term, FilterError> {
        self.hint(&["=", "!=", "<", "<=", ">", ">="]);
        let Token::Compare(comparator) = *self.peek() else {
            return Ok(Term::Number(word, NumberTest::Set));
        };
        self.advance();
        let Token::Number(value) = *self.peek() else {
            return Err(self.unexpected());
        };
        self.advance();
        Ok(Term::Number(word, NumberTest::Compare(comparator, value)))
    }

    fn text(&mut self, word: TextWord) -> Result<Term, FilterError> {
        let test = match self.take_text_comparator()? {
            Some(comparator) => TextTest::Compare(comparator, self.string(ValueOf::Word(word))?),
            None => TextTest::Set,
        };
        Ok(Term::Text(word, test))
    }

    fn annotation(&mut self, key: String) -> Result<Term, FilterError> {
        self.hint(&["=", "!=", "<", "<=", ">", ">="]);
        let test = match *self.peek() {
            Token::Compare(comparator) => {
                self.advance();
                self.hint_of(Expected::Value(ValueOf::Annotation(key.clone())));
                self.annotation_value(comparator)?
            }
            _ => match self.take_text_comparator()? {
                Some(comparator) => {
                    AnnotationTest::Text(comparator, self.string(ValueOf::Annotation(key.clone()))?)
                }
                None => AnnotationTest::Set,
            },
        };
        Ok(Term::Annotation(key, test))
    }

    fn annotation_value(&mut self, comparator: Comparator) -> Result<AnnotationTest, FilterError> {
        if let Token::Number(value) = *self.peek() {
            self.advance();
            return Ok(AnnotationTest::Number(comparator, value));
        }
        let equal = match comparator {
            Comparator::Equal => true,
            Comparator::NotEqual => false,
            _ => return Err(self.unexpected()),
        };
        if let Token::Text(value) = self.peek().clone() {
            self.advance();
            let comparator = if equal { TextMatch::Equal } else { TextMatch::NotEqual };
            return Ok(AnnotationTest::Text(comparator, value));
        }
        Ok(AnnotationTest::Boolean { equal, value: self.boolean()? })
    }

    fn group(&mut self, reference: fn(String) -> GroupReference) -> Result<Term, FilterError> {
        self.advance();
        let Some(equal) = self.take_equality()? else {
            return Err(self.unexpected());
        };
        Ok(Term::Group { reference: reference(self.string(ValueOf::Group)?), equal })
    }

    fn template(&mut self) -> Result<Term, FilterError> {
        self.advance();
        let equal = self.take_equality()?.unwrap_or(true);
        let Token::Json(Value::Array(objects)) = self.peek().clone() else {
            return Err(self.unexpected());
        };
        let [template @ Value::Object(_)] = objects.as_slice() else {
            return Err(self.unexpected());
        };
        self.advance();
        Ok(Term::Template { template: template.clone(), equal })
    }

    /// What may stand after `service`: nothing, or a node in parentheses.
    fn service(&mut self) -> Result<NodeSelector, FilterError> {
        if !self.take(&Token::Open) {
            return Ok(NodeSelector::default());
        }
        let node = self.node()?;
        self.expect(&Token::Close)?;
        Ok(node)
    }

    fn edge(&mut self) -> Result<(NodeSelector, NodeSelector), FilterError> {
        self.expect(&Token::Open)?;
        let source = self.node()?;
        self.expect(&Token::Comma)?;
        let target = self.node()?;
        self.expect(&Token::Close)?;
        Ok((source, target))
    }

    /// A node by name or by `id(...)`; nothing at all is any node.
    fn node(&mut self) -> Result<NodeSelector, FilterError> {
        self.hint_of(Expected::Value(ValueOf::Word(TextWord::Name)));
        if let Token::Text(name) = self.peek().clone() {
            self.advance();
            return Ok(NodeSelector { name: Some(name), ..NodeSelector::default() });
        }
        if !self.take_word("id") {
            return Ok(NodeSelector::default());
        }
        self.expect(&Token::Open)?;
        let mut node = NodeSelector::default();
        loop {
            self.hint(&["name:", "type:", "account.id:"]);
            let (field, of) = match *self.peek() {
                Token::Word(word) if word.eq_ignore_ascii_case("name") => (&mut node.name, TextWord::Name),
                Token::Word(word) if word.eq_ignore_ascii_case("type") => (&mut node.kind, TextWord::Type),
                Token::Word(word) if word.eq_ignore_ascii_case("account.id") => {
                    (&mut node.account, TextWord::Of(Text::AccountId))
                }
                _ => return Err(self.unexpected()),
            };
            if field.is_some() {
                return Err(self.unexpected());
            }
            self.advance();
            self.expect(&Token::Colon)?;
            *field = Some(self.string(ValueOf::Word(of))?);
            if !self.take(&Token::Comma) {
                break;
            }
        }
        self.expect(&Token::Close)?;
        Ok(node)
    }

    fn optional_block(&mut self, scope: Scope) -> Result<Option<Box<Expression>>, FilterError> {
        self.hint(&["{"]);
        match self.peek() {
            Token::OpenBlock => self.block(scope).map(|inner| Some(Box::new(inner))),
            _ => Ok(None),
        }
    }

    fn block(&mut self, scope: Scope) -> Result<Expression, FilterError> {
        self.expect(&Token::OpenBlock)?;
        let inner = self.nested(|parser| parser.or(scope))?;
        self.expect(&Token::CloseBlock)?;
        Ok(inner)
    }

    /// `=` is true, `!=` is false, and any other comparison is an error.
    fn take_equality(&mut self) -> Result<Option<bool>, FilterError> {
        self.hint(&["=", "!="]);
        let equal = match *self.peek() {
            Token::Compare(Comparator::Equal) => true,
            Token::Compare(Comparator::NotEqual) => false,
            Token::Compare(_) => return Err(self.unexpected()),
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(equal))
    }

    fn take_text_comparator(&mut self) -> Result<Option<TextMatch>, FilterError> {
        self.hint(&["CONTAINS", "BEGINSWITH", "ENDSWITH"]);
        if let Token::Word(word) = *self.peek()
            && let Some(comparator) = MATCHES.into_iter().find(|how| how.sign().eq_ignore_ascii_case(word))
        {
            self.advance();
            return Ok(Some(comparator));
        }
        let equality = self.take_equality()?;
        Ok(equality.map(|equal| if equal { TextMatch::Equal } else { TextMatch::NotEqual }))
    }

    fn string(&mut self, of: ValueOf) -> Result<String, FilterError> {
        self.hint_of(Expected::Value(of));
        let Token::Text(value) = self.peek().clone() else {
            return Err(self.unexpected());
        };
        self.advance();
        Ok(value)
    }

    fn boolean(&mut self) -> Result<bool, FilterError> {
        if self.take_word("true") {
            return Ok(true);
        }
        if self.take_word("false") {
            return Ok(false);
        }
        Err(self.unexpected())
    }
}
