//! What is wrong with a list of rules that somebody wrote.

use std::borrow::Cow;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleError {
    TooMany {
        most: usize,
    },
    /// The number of the rule, from 1, the member, and the number of the character, from 1, where it is about one.
    Wrong {
        rule: usize,
        member: &'static str,
        character: Option<usize>,
        what: Cow<'static, str>,
    },
}

impl std::error::Error for RuleError {}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { most } => write!(f, "there may be {most} rules at most"),
            Self::Wrong { rule, member, character, what } => {
                write!(f, "rule {rule}, {member}")?;
                if let Some(character) = character {
                    write!(f, ", character {character}")?;
                }
                write!(f, ": {what}")
            }
        }
    }
}
