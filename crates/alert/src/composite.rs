//! Alarms over alarms: CloudWatch's rule language, parsed once and evaluated whenever a child changes its state.
//!
//! ```text
//! rule  = all { "OR" all }            all  = term { "AND" term }
//! term  = "TRUE" | "FALSE" | "NOT" term | "(" rule ")" | STATE "(" name ")"
//!       | "AT_LEAST" "(" (n | p "%") "," ["NOT"] STATE "," "(" name { "," name } ")" ")"
//! STATE = "ALARM" | "OK" | "INSUFFICIENT_DATA"
//! ```
//!
//! A name is plain, an ARN, or quoted with `\"` inside. Keywords are in capital letters.

mod parser;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::State;

pub use parser::RuleError;

/// Longer rules are refused, as CloudWatch does.
pub const MAX_RULE_BYTES: usize = 10_240;
/// Alarms that a rule may name.
pub const MAX_CHILDREN: usize = 100;
/// Names and keywords in a rule.
pub const MAX_ELEMENTS: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule(Expression);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expression {
    Constant(bool),
    Is { state: State, alarm: String },
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    AtLeast { needed: Needed, negated: bool, state: State, alarms: Vec<String> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needed {
    Alarms(usize),
    Percent(u8),
}

impl Rule {
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        parser::parse(text).map(Self)
    }

    /// Whether the composite alarm is in ALARM, by the states of its children; one that is not known has too little data.
    pub fn holds(&self, state_of: &impl Fn(&str) -> Option<State>) -> bool {
        holds(&self.0, state_of)
    }

    /// The alarms that the rule names, as they are written: names or ARNs.
    pub fn children(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        collect(&self.0, &mut names);
        names
    }
}

fn holds(expression: &Expression, state_of: &impl Fn(&str) -> Option<State>) -> bool {
    let is = |state: State, alarm: &str| state_of(alarm).unwrap_or(State::InsufficientData) == state;
    match expression {
        Expression::Constant(value) => *value,
        Expression::Is { state, alarm } => is(*state, alarm),
        Expression::Not(inner) => !holds(inner, state_of),
        Expression::And(parts) => parts.iter().all(|part| holds(part, state_of)),
        Expression::Or(parts) => parts.iter().any(|part| holds(part, state_of)),
        Expression::AtLeast { needed, negated, state, alarms } => {
            let count = alarms.iter().filter(|alarm| is(*state, alarm) != *negated).count();
            match needed {
                Needed::Alarms(least) => count >= *least,
                Needed::Percent(percent) => count * 100 >= usize::from(*percent) * alarms.len(),
            }
        }
    }
}

fn collect<'a>(expression: &'a Expression, names: &mut BTreeSet<&'a str>) {
    match expression {
        Expression::Constant(_) => {}
        Expression::Is { alarm, .. } => drop(names.insert(alarm)),
        Expression::Not(inner) => collect(inner, names),
        Expression::And(parts) | Expression::Or(parts) => parts.iter().for_each(|part| collect(part, names)),
        Expression::AtLeast { alarms, .. } => names.extend(alarms.iter().map(String::as_str)),
    }
}
