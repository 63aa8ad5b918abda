//! Groups in an expression: `group.name = "x"` stands for the expression of that group.

use super::Filter;
use super::syntax::{Expression, GroupReference, Term};

/// Groups that name groups that name groups: no further than this.
const MAX_DEPTH: usize = 4;
/// Bounds what a few groups that name each other twice can grow to.
const MAX_TERMS: usize = 2_000;

/// Why the groups of an expression cannot be put in place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    #[error("group not found: {0}")]
    Unknown(String),
    #[error("groups name each other without end, or grow too large")]
    Endless,
}

impl GroupReference {
    /// The name of the group; in an ARN it stands after `:group/`, before the group's id.
    pub fn group_name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Arn(arn) => {
                let tail = arn.split_once(":group/").map_or("", |(_, tail)| tail);
                tail.split('/').next().unwrap_or(tail)
            }
        }
    }
}

impl Filter {
    /// Puts each group's expression in the place of its name. `expression_of` gives `None` for a group that
    /// it does not know, and the empty filter for the default group.
    ///
    /// Without this, `group.name` tests which groups the trace was put into when it arrived.
    pub fn with_groups(
        self,
        mut expression_of: impl FnMut(&GroupReference) -> Option<Filter>,
    ) -> Result<Self, GroupError> {
        let Some(expression) = self.expression else {
            return Ok(self);
        };
        let mut terms = 0;
        let mut expansion = Expansion { expression_of: &mut expression_of, terms: &mut terms };
        Ok(Self { expression: Some(expansion.expand(expression, 0)?) })
    }
}

struct Expansion<'a> {
    expression_of: &'a mut dyn FnMut(&GroupReference) -> Option<Filter>,
    terms: &'a mut usize,
}

impl Expansion<'_> {
    fn expand(&mut self, expression: Expression, depth: usize) -> Result<Expression, GroupError> {
        match expression {
            Expression::And(members) => Ok(Expression::all(self.expand_all(members, depth)?)),
            Expression::Or(members) => Ok(Expression::any(self.expand_all(members, depth)?)),
            Expression::Not(operand) => Ok(Expression::Not(Box::new(self.expand(*operand, depth)?))),
            Expression::Term(term) => self.expand_term(term, depth),
        }
    }

    fn expand_all(&mut self, members: Vec<Expression>, depth: usize) -> Result<Vec<Expression>, GroupError> {
        members.into_iter().map(|member| self.expand(member, depth)).collect()
    }

    fn expand_term(&mut self, term: Term, depth: usize) -> Result<Expression, GroupError> {
        *self.terms += 1;
        if *self.terms > MAX_TERMS || depth > MAX_DEPTH {
            return Err(GroupError::Endless);
        }
        let Term::Group { reference, equal } = term else {
            return Ok(Expression::Term(term));
        };
        let Some(filter) = (self.expression_of)(&reference) else {
            return Err(GroupError::Unknown(reference.group_name().to_owned()));
        };
        let inner = match filter.expression {
            Some(expression) => self.expand(expression, depth + 1)?,
            // The default group takes every trace; its membership is always true.
            None => return Ok(Expression::Term(Term::Group { reference, equal })),
        };
        Ok(if equal { inner } else { Expression::Not(Box::new(inner)) })
    }
}
