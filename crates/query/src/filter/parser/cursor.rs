//! Where the parser stands in its tokens, how deep it is, and what it would take where the text ends.

use super::super::FilterError;
use super::super::lexer::{Placed, Token, invalid_symbol, tokens};
use super::super::syntax::{Scope, TextWord};

/// Parentheses, blocks and negations inside each other. Bounds the stack, here and in all that walk the tree.
const MAX_DEPTH: usize = 100;
/// Bounds the work for one expression; the longest that the console writes is far below.
const MAX_BYTES: usize = 8 * 1024;

/// What may stand at the end of an unfinished text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::filter) enum Expected {
    /// This word or sign.
    Literal(&'static str),
    /// The beginning of a condition.
    Condition(Scope),
    /// A value, as a quoted string or another literal.
    Value(ValueOf),
}

/// What a value is one of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::filter) enum ValueOf {
    Word(TextWord),
    Annotation(String),
    Group,
}

pub(super) struct Parser<'a> {
    text: &'a str,
    /// Ends with [`Token::End`], which is never passed.
    tokens: Vec<Placed<'a>>,
    at: usize,
    depth: usize,
    /// What was looked for where the parser stands, once that is the end.
    expected: Vec<Expected>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, FilterError> {
        if text.len() > MAX_BYTES {
            let message = format!("Expression is longer than {MAX_BYTES} bytes");
            return Err(FilterError { line: 1, position: 0, message });
        }
        Ok(Self { text, tokens: tokens(text)?, at: 0, depth: 0, expected: Vec::new() })
    }

    /// Runs `inner` one level deeper, if there is one.
    pub(super) fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        if self.depth == MAX_DEPTH {
            let message = format!("Expression is nested more than {MAX_DEPTH} levels deep");
            return Err(FilterError::at(self.text, self.tokens[self.at].start, message));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    pub(super) fn peek(&self) -> &Token<'a> {
        &self.tokens[self.at].token
    }

    pub(super) fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        self.expected.clear();
    }

    pub(super) fn take(&mut self, token: &Token<'_>) -> bool {
        if let Some(sign) = token.sign() {
            self.hint(&[sign]);
        }
        let is_there = self.peek() == token;
        if is_there {
            self.advance();
        }
        is_there
    }

    pub(super) fn take_word(&mut self, wanted: &'static str) -> bool {
        self.hint(&[wanted]);
        let is_there = matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(wanted));
        if is_there {
            self.advance();
        }
        is_there
    }

    pub(super) fn expect(&mut self, token: &Token<'_>) -> Result<(), FilterError> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn end(&self) -> Result<(), FilterError> {
        if self.is_at_end() { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn unexpected(&self) -> FilterError {
        let place = &self.tokens[self.at];
        invalid_symbol(self.text, place.start, place.end)
    }

    /// Notes words and signs that would be taken here.
    pub(super) fn hint(&mut self, literals: &[&'static str]) {
        for literal in literals {
            self.hint_of(Expected::Literal(literal));
        }
    }

    pub(super) fn hint_of(&mut self, expected: Expected) {
        if self.is_at_end() && !self.expected.contains(&expected) {
            self.expected.push(expected);
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.peek() == &Token::End
    }

    /// What would be taken at the end; nothing where the parser stopped before.
    pub(super) fn into_expected(self) -> Vec<Expected> {
        self.expected
    }
}
