//! Filter expressions: parsed once, evaluated exactly on digests, lowered to a predicate for stores.
//!
//! The language is X-Ray's (docs/xray.md 4). `syntax` holds the tree and the keywords, `lexer` and
//! `parser` read it, `printer` writes it, `evaluate` says what it means, `lower` what a store can test of it.

mod completion;
pub mod condition;
mod evaluate;
mod group;
mod groups;
mod lexer;
mod lower;
mod parser;
mod printer;
pub mod selector;
mod syntax;
mod template;
#[cfg(test)]
mod tests;
pub mod tree;

use std::fmt;
use std::str::FromStr;

use model::TraceDigest;
use model::property::Flag;
use store::Predicate;

pub use completion::{Completion, Known, complete};
pub use evaluate::Matched;
pub use group::Groups;
pub use groups::GroupError;
pub use printer::{AnnotationName, Quoted};
use syntax::Expression;
pub use syntax::GroupReference;

/// A parsed filter expression. `Display` gives its canonical text, which may be longer than the text that
/// it was read from; the empty text matches every trace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// `None` for a filter without conditions.
    expression: Option<Expression>,
}

/// Where and why a text is no filter expression. `Display` is X-Ray's wording:
/// `Error Location: line 1, position 39 : Invalid input symbol: '{'`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Error Location: line {line}, position {position} : {message}")]
pub struct FilterError {
    /// From 1.
    pub line: usize,
    /// In characters, from 0.
    pub position: usize,
    pub message: String,
}

impl FromStr for Filter {
    type Err = FilterError;

    /// What is not understood is an error. So is a text of more than 8 KiB or 100 levels.
    fn from_str(text: &str) -> Result<Self, FilterError> {
        Ok(Self { expression: parser::filter(text)? })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expression {
            Some(expression) => expression.fmt(f),
            None => Ok(()),
        }
    }
}

impl Filter {
    /// Whether the trace matches: the one meaning of the language.
    ///
    /// Where a field has several values, a comparison holds if it does for any of them, except that `!=`
    /// holds if no value is equal, so that it is always the opposite of `=`. A value of another type than
    /// the literal's is never equal, less or more.
    pub fn matches(&self, digest: &TraceDigest) -> bool {
        self.expression.as_ref().is_none_or(|expression| evaluate::matches(expression, digest))
    }

    /// Whether the trace might match by annotations of its that the digest has no room for, and does not by the others.
    pub fn is_undecided(&self, digest: &TraceDigest) -> bool {
        digest.annotations_cut
            && self.expression.as_ref().is_some_and(Expression::asks_for_annotations)
            && !self.matches(digest)
    }

    /// Which requests of a trace that matches are the ones that the filter asks for.
    pub fn matched<'a>(&self, digest: &'a TraceDigest) -> Matched<'a> {
        let expression = self.expression.as_ref();
        expression.map_or_else(Matched::default, |expression| evaluate::matched(expression, digest))
    }

    /// What a store can test: it holds wherever `matches` holds, and maybe elsewhere.
    pub fn predicate(&self) -> Predicate {
        self.expression.as_ref().map_or(Predicate::Any, lower::lower)
    }

    /// Whether every trace matches, because there is no condition.
    pub fn is_empty(&self) -> bool {
        self.expression.is_none()
    }

    /// Traces that match both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let members: Vec<Expression> = [self.expression, other.expression].into_iter().flatten().collect();
        let expression = if members.is_empty() { None } else { Some(Expression::all(members)) };
        Self { expression }
    }

    /// Traces that do not match.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it stands beside `and` and `or`")]
    pub fn not(self) -> Self {
        let expression = match self.expression {
            Some(Expression::Not(operand)) => *operand,
            Some(operand) => Expression::Not(Box::new(operand)),
            // The language has no word for nothing.
            None => {
                let ok = || Expression::Term(syntax::Term::Flag(syntax::FlagWord::Of(Flag::Ok), true));
                Expression::And(vec![ok(), Expression::Not(Box::new(ok()))])
            }
        };
        Self { expression: Some(expression) }
    }

    /// Traces that match one of both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self.expression, other.expression) {
            (Some(one), Some(other)) => Self { expression: Some(Expression::any(vec![one, other])) },
            _ => Self::default(),
        }
    }
}

impl FilterError {
    /// At a byte offset of the text.
    fn at(text: &str, offset: usize, message: String) -> Self {
        let before = &text[..offset];
        let line = before.matches('\n').count() + 1;
        let position = before.chars().rev().take_while(|&next| next != '\n').count();
        Self { line, position, message }
    }
}
