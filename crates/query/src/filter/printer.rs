//! From the tree to its canonical text, which parses to the same tree.

use std::fmt::{self, Write};

use model::property::CauseKind;

use super::syntax::{
    AnnotationTest, CausePart, Expression, GroupReference, NumberTest, Term, TextTest, Word,
};

/// A string literal of the language: in double quotes, with `"` and `\` escaped.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

/// An annotation as the language names it: `annotation.tenant` or `annotation[http.route]`.
#[derive(Debug, Clone, Copy)]
pub struct AnnotationName<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for next in self.0.chars() {
            if matches!(next, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(next)?;
        }
        f.write_char('"')
    }
}

impl fmt::Display for AnnotationName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |next: char| next.is_ascii_alphanumeric() || next == '_';
        let is_bare = |next: char| is_plain(next) || matches!(next, '.' | '-' | '/' | ':');
        match self.0 {
            key if key.chars().all(is_plain) => write!(f, "annotation.{key}"),
            key if key.chars().all(is_bare) => write!(f, "annotation[{key}]"),
            key => write!(f, "annotation[{}]", Quoted(key)),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(members) => join(f, members, " OR ", |_| false),
            Self::And(members) => join(f, members, " AND ", |member| matches!(member, Self::Or(_))),
            Self::Not(operand) => {
                f.write_char('!')?;
                enclosed(f, operand, matches!(**operand, Self::And(_) | Self::Or(_)))
            }
            Self::Term(term) => term.fmt(f),
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    members: &[Expression],
    separator: &str,
    needs_parentheses: fn(&Expression) -> bool,
) -> fmt::Result {
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        enclosed(f, member, needs_parentheses(member))?;
    }
    Ok(())
}

fn enclosed(f: &mut fmt::Formatter<'_>, expression: &Expression, in_parentheses: bool) -> fmt::Result {
    if in_parentheses { write!(f, "({expression})") } else { write!(f, "{expression}") }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(word, true) => f.write_str(Word::Flag(*word).text()),
            Self::Flag(word, false) => write!(f, "{} = false", Word::Flag(*word).text()),
            Self::Number(word, test) => {
                f.write_str(Word::Number(*word).text())?;
                match test {
                    NumberTest::Set => Ok(()),
                    NumberTest::Compare(comparator, value) => write!(f, " {} {value}", comparator.sign()),
                }
            }
            Self::Text(word, test) => {
                f.write_str(Word::Text(*word).text())?;
                match test {
                    TextTest::Set => Ok(()),
                    TextTest::Compare(comparator, value) => {
                        write!(f, " {} {}", comparator.sign(), Quoted(value))
                    }
                }
            }
            Self::Annotation(key, test) => write!(f, "{}{test}", AnnotationName(key)),
            Self::Service(node, block) => {
                write!(f, "service({node})")?;
                write_block(f, block.as_deref())
            }
            Self::Edge(source, target, block) => {
                write!(f, "edge({source}, {target})")?;
                write_block(f, block.as_deref())
            }
            Self::Group { reference, equal } => {
                let (field, value) = match reference {
                    GroupReference::Name(name) => ("name", name),
                    GroupReference::Arn(arn) => ("arn", arn),
                };
                write!(f, "group.{field} {} {}", equality(*equal), Quoted(value))
            }
            Self::RootCause(kind, part, block) => write_cause(f, *kind, *part, block),
            Self::Template { template, equal } => {
                write!(f, "rootcause.json {} #[{template}]", equality(*equal))
            }
        }
    }
}

impl fmt::Display for AnnotationTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set => Ok(()),
            Self::Number(comparator, value) => write!(f, " {} {value}", comparator.sign()),
            Self::Text(comparator, value) => write!(f, " {} {}", comparator.sign(), Quoted(value)),
            Self::Boolean { equal, value } => write!(f, " {} {value}", equality(*equal)),
        }
    }
}

fn write_cause(
    f: &mut fmt::Formatter<'_>,
    kind: CauseKind,
    part: CausePart,
    block: &Expression,
) -> fmt::Result {
    write!(f, "rootcause.{}.{}", kind.name(), part.text())?;
    write_block(f, Some(block))
}

fn write_block(f: &mut fmt::Formatter<'_>, block: Option<&Expression>) -> fmt::Result {
    match block {
        Some(inner) => write!(f, " {{ {inner} }}"),
        None => Ok(()),
    }
}

fn equality(equal: bool) -> &'static str {
    if equal { "=" } else { "!=" }
}
