//! From an expression to what stores can test: a predicate that holds wherever the expression does.

use model::property::{CauseKind, Comparator, Failure, Flag, TextMatch};
use model::segment::AnnotationValue;
use store::Predicate;

use super::selector::NodeSelector;
use super::syntax::{
    AnnotationTest, CausePart, Expression, FlagWord, NumberTest, NumberWord, Term, TextTest, TextWord,
};

pub(super) fn lower(expression: &Expression) -> Predicate {
    lowered(expression, false)
}

/// `negated` pushes negations down to the terms, where some of them can be said.
fn lowered(expression: &Expression, negated: bool) -> Predicate {
    match (expression, negated) {
        (Expression::Not(operand), _) => lowered(operand, !negated),
        (Expression::And(members), false) | (Expression::Or(members), true) => {
            all(members.iter().map(|member| lowered(member, negated)))
        }
        (Expression::Or(members), false) | (Expression::And(members), true) => {
            any(members.iter().map(|member| lowered(member, negated)))
        }
        (Expression::Term(Term::Flag(word, value)), _) => flag(*word, *value != negated),
        (Expression::Term(term), false) => affirmed(term),
        (Expression::Term(term), true) => denied(term),
    }
}

fn affirmed(term: &Term) -> Predicate {
    match term {
        Term::Flag(word, value) => flag(*word, *value),
        Term::Number(word, NumberTest::Compare(comparator, value)) => match (word, comparator) {
            (_, Comparator::NotEqual) => Predicate::Any,
            (NumberWord::Of(number), comparator) => Predicate::Number(*number, *comparator, *value),
            (NumberWord::Index | NumberWord::Coverage, _) => Predicate::Any,
        },
        Term::Text(word, test) => text(*word, test),
        Term::Annotation(key, test) => annotation(key, test),
        Term::Service(node, block) => {
            all([touches(node), block.as_deref().map_or(Predicate::Any, |block| request(block, node))]
                .into_iter())
        }
        Term::Edge(source, target, block) => {
            let block = block.as_deref().map_or(Predicate::Any, |block| request(block, target));
            // Where no name is given, an alias may match by its type; that a store cannot test.
            let target = if target.name.is_some() { touches(target) } else { Predicate::Any };
            all([touches(source), target, block].into_iter())
        }
        Term::RootCause(kind, part, block) => {
            let block = match part {
                CausePart::Service => within(block, false, &|term, negated| cause(term, negated, *kind)),
                CausePart::Entity | CausePart::Exception => Predicate::Any,
            };
            all([Predicate::Cause(*kind, None), block].into_iter())
        }
        Term::Number(_, NumberTest::Set) | Term::Group { .. } | Term::Template { .. } => Predicate::Any,
    }
}

/// What holds of the trace where a block holds of one and the same request to a node.
fn request(block: &Expression, node: &NodeSelector) -> Predicate {
    let failing = |failure| Predicate::Failing(failure, node.name.clone());
    within(block, false, &|term, negated| match term {
        Term::Flag(word, value) => match (word, *value != negated) {
            (FlagWord::Of(Flag::Fault), true) => failing(Failure::Fault),
            (FlagWord::Of(Flag::Error), true) => failing(Failure::Error),
            (FlagWord::Of(Flag::Throttle), true) => failing(Failure::Throttle),
            (FlagWord::Of(Flag::Ok), false) => any(Failure::ALL.into_iter().map(failing)),
            _ => Predicate::Any,
        },
        // What one of its nodes has, the trace has.
        Term::Annotation(..) if negated => denied(term),
        Term::Annotation(key, test) => annotation(key, test),
        _ => Predicate::Any,
    })
}

/// What holds of the trace where a term holds of one service of a root cause.
fn cause(term: &Term, negated: bool, kind: CauseKind) -> Predicate {
    match (term, negated) {
        (Term::Text(TextWord::Name, TextTest::Compare(TextMatch::Equal, name)), false)
        | (Term::Text(TextWord::Name, TextTest::Compare(TextMatch::NotEqual, name)), true) => {
            Predicate::Cause(kind, Some(name.clone()))
        }
        _ => Predicate::Any,
    }
}

/// A block, by what each of its terms says of the trace.
fn within(block: &Expression, negated: bool, lowered: &impl Fn(&Term, bool) -> Predicate) -> Predicate {
    match (block, negated) {
        (Expression::Not(operand), _) => within(operand, !negated, lowered),
        (Expression::And(members), false) | (Expression::Or(members), true) => {
            all(members.iter().map(|member| within(member, negated, lowered)))
        }
        (Expression::Or(members), false) | (Expression::And(members), true) => {
            any(members.iter().map(|member| within(member, negated, lowered)))
        }
        (Expression::Term(term), _) => lowered(term, negated),
    }
}

/// Of a term that must not hold, only `!=` says what must.
fn denied(term: &Term) -> Predicate {
    match term {
        Term::Number(word, NumberTest::Compare(Comparator::NotEqual, value)) => {
            affirmed(&Term::Number(*word, NumberTest::Compare(Comparator::Equal, *value)))
        }
        Term::Text(word, TextTest::Compare(TextMatch::NotEqual, value)) => {
            text(*word, &TextTest::Compare(TextMatch::Equal, value.clone()))
        }
        Term::Annotation(key, AnnotationTest::Number(Comparator::NotEqual, value)) => {
            annotation(key, &AnnotationTest::Number(Comparator::Equal, *value))
        }
        Term::Annotation(key, AnnotationTest::Text(TextMatch::NotEqual, value)) => {
            annotation(key, &AnnotationTest::Text(TextMatch::Equal, value.clone()))
        }
        Term::Annotation(key, AnnotationTest::Boolean { equal: false, value }) => {
            annotation(key, &AnnotationTest::Boolean { equal: true, value: *value })
        }
        _ => Predicate::Any,
    }
}

fn flag(word: FlagWord, value: bool) -> Predicate {
    match word {
        // A throttled response is no error, whatever its error flag says.
        FlagWord::Of(Flag::Error) if !value => {
            any([Predicate::Flag(Flag::Error, false), Predicate::Flag(Flag::Throttle, true)].into_iter())
        }
        FlagWord::Of(flag) => Predicate::Flag(flag, value),
        FlagWord::Root | FlagWord::First | FlagWord::Last | FlagWord::Remote => Predicate::Any,
    }
}

fn text(word: TextWord, test: &TextTest) -> Predicate {
    match (word, test) {
        (TextWord::Name | TextWord::Type | TextWord::Message, _)
        | (_, TextTest::Compare(TextMatch::NotEqual, _)) => Predicate::Any,
        (TextWord::Of(text), TextTest::Set) => Predicate::Text(text, TextMatch::Contains, String::new()),
        (TextWord::Of(text), TextTest::Compare(how, value)) => Predicate::Text(text, *how, value.clone()),
    }
}

fn annotation(key: &str, test: &AnnotationTest) -> Predicate {
    let key = key.to_owned();
    match test {
        AnnotationTest::Number(Comparator::Equal, value) => {
            Predicate::Annotation { key, value: AnnotationValue::Number(*value).to_string() }
        }
        AnnotationTest::Text(TextMatch::Equal, value) => Predicate::Annotation { key, value: value.clone() },
        AnnotationTest::Boolean { equal: true, value } => {
            Predicate::Annotation { key, value: AnnotationValue::Boolean(*value).to_string() }
        }
        AnnotationTest::Number(Comparator::NotEqual, _)
        | AnnotationTest::Text(TextMatch::NotEqual, _)
        | AnnotationTest::Boolean { equal: false, .. } => Predicate::Any,
        AnnotationTest::Set | AnnotationTest::Number(..) | AnnotationTest::Text(..) => {
            Predicate::HasAnnotation(key)
        }
    }
}

fn touches(node: &NodeSelector) -> Predicate {
    if *node == NodeSelector::default() {
        return Predicate::Any;
    }
    let NodeSelector { name, kind, account } = node.clone();
    Predicate::Node { name, kind, account }
}

fn all(members: impl Iterator<Item = Predicate>) -> Predicate {
    let mut tests: Vec<Predicate> = members.filter(|member| *member != Predicate::Any).collect();
    match tests.len() {
        0 => Predicate::Any,
        1 => tests.remove(0),
        _ => Predicate::And(tests),
    }
}

fn any(members: impl Iterator<Item = Predicate>) -> Predicate {
    let tests: Vec<Predicate> = members.collect();
    if tests.contains(&Predicate::Any) { Predicate::Any } else { Predicate::Or(tests) }
}
