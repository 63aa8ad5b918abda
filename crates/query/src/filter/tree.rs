//! The tree of a filter for those who show or edit it part by part; every part carries its canonical text.

use super::Filter;
use super::selector::NodeSelector;
use super::syntax::{AnnotationTest, Expression, GroupReference, NumberTest, Term, TextTest, Word};

#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The part as it stands by itself, without parentheses around it.
    pub text: String,
    pub part: Part,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Condition(Condition),
}

/// One condition. What it has depends on its kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub kind: ConditionKind,
    /// A keyword such as `http.url` or `rootcause.fault.service`, or the key of an annotation.
    pub name: String,
    /// Absent where it is enough that there is a value.
    pub comparator: Option<&'static str>,
    pub value: Option<Literal>,
    /// The selector of a `service`, or the two of an `edge`.
    pub nodes: Vec<NodeSelector>,
    /// What stands in braces.
    pub block: Option<Box<Tree>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionKind {
    Flag,
    Number,
    Text,
    Annotation,
    Service,
    Edge,
    Group,
    RootCause,
    Template,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Text(String),
    Number(f64),
    Boolean(bool),
}

impl Filter {
    /// `None` for a filter without conditions.
    pub fn tree(&self) -> Option<Tree> {
        self.expression.as_ref().map(tree)
    }

    /// The members of a conjunction as filters, or the filter itself.
    pub fn conjuncts(&self) -> Vec<Self> {
        let members = match &self.expression {
            None => return Vec::new(),
            Some(Expression::And(members)) => members.clone(),
            Some(other) => vec![other.clone()],
        };
        members.into_iter().map(|member| Self { expression: Some(member) }).collect()
    }
}

fn tree(expression: &Expression) -> Tree {
    let part = match expression {
        Expression::And(members) => Part::And(members.iter().map(tree).collect()),
        Expression::Or(members) => Part::Or(members.iter().map(tree).collect()),
        Expression::Not(operand) => Part::Not(Box::new(tree(operand))),
        Expression::Term(term) => Part::Condition(condition(term)),
    };
    Tree { text: expression.to_string(), part }
}

fn condition(term: &Term) -> Condition {
    let blank = |kind, name: &str| Condition {
        kind,
        name: name.to_owned(),
        comparator: None,
        value: None,
        nodes: Vec::new(),
        block: None,
    };
    let with = |condition: Condition, comparator, value| Condition {
        comparator: Some(comparator),
        value: Some(value),
        ..condition
    };
    let block =
        |expression: &Option<Box<Expression>>| expression.as_deref().map(|inner| Box::new(tree(inner)));
    match term {
        Term::Flag(word, value) => {
            with(blank(ConditionKind::Flag, Word::Flag(*word).text()), "=", Literal::Boolean(*value))
        }
        Term::Number(word, test) => {
            let plain = blank(ConditionKind::Number, Word::Number(*word).text());
            match test {
                NumberTest::Set => plain,
                NumberTest::Compare(comparator, value) => {
                    with(plain, comparator.sign(), Literal::Number(*value))
                }
            }
        }
        Term::Text(word, test) => {
            let plain = blank(ConditionKind::Text, Word::Text(*word).text());
            match test {
                TextTest::Set => plain,
                TextTest::Compare(comparator, value) => {
                    with(plain, comparator.sign(), Literal::Text(value.clone()))
                }
            }
        }
        Term::Annotation(key, test) => {
            let plain = blank(ConditionKind::Annotation, key);
            match test {
                AnnotationTest::Set => plain,
                AnnotationTest::Number(comparator, value) => {
                    with(plain, comparator.sign(), Literal::Number(*value))
                }
                AnnotationTest::Text(comparator, value) => {
                    with(plain, comparator.sign(), Literal::Text(value.clone()))
                }
                AnnotationTest::Boolean { equal, value } => {
                    with(plain, equality(*equal), Literal::Boolean(*value))
                }
            }
        }
        Term::Service(node, inner) => Condition {
            nodes: vec![node.clone()],
            block: block(inner),
            ..blank(ConditionKind::Service, "service")
        },
        Term::Edge(source, target, inner) => Condition {
            nodes: vec![source.clone(), target.clone()],
            block: block(inner),
            ..blank(ConditionKind::Edge, "edge")
        },
        Term::Group { reference, equal } => {
            let (name, value) = match reference {
                GroupReference::Name(name) => ("group.name", name),
                GroupReference::Arn(arn) => ("group.arn", arn),
            };
            with(blank(ConditionKind::Group, name), equality(*equal), Literal::Text(value.clone()))
        }
        Term::RootCause(kind, part, inner) => Condition {
            block: Some(Box::new(tree(inner))),
            ..blank(ConditionKind::RootCause, &format!("rootcause.{}.{}", kind.name(), part.text()))
        },
        Term::Template { template, equal } => with(
            blank(ConditionKind::Template, "rootcause.json"),
            equality(*equal),
            Literal::Text(template.to_string()),
        ),
    }
}

fn equality(equal: bool) -> &'static str {
    if equal { "=" } else { "!=" }
}
