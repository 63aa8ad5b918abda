//! From an expression to what stores can test: a predicate that holds wherever the expression does.

use store::Predicate;
use store::search::{
    CauseField, Comparison, Failure, FlagField, NumberField, TextField, TextMatch, annotation_text,
};

use model::segment::AnnotationValue;

use super::selector::NodeSelector;
use super::syntax::{
    AnnotationTest, CauseKind, CausePart, Comparator, Expression, FlagWord, NumberTest, NumberWord, Term,
    TextComparator, TextTest, TextWord,
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
        Term::Number(word, NumberTest::Compare(comparator, value)) => {
            match (number_field(*word), comparison(*comparator)) {
                (Some(field), Some(comparison)) => Predicate::Number(field, comparison, *value),
                _ => Predicate::Any,
            }
        }
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
            let field = match kind {
                CauseKind::Fault => CauseField::Fault,
                CauseKind::Error => CauseField::Error,
                CauseKind::ResponseTime => CauseField::ResponseTime,
            };
            let block = match part {
                CausePart::Service => within(block, false, &|term, negated| cause(term, negated, field)),
                CausePart::Entity | CausePart::Exception => Predicate::Any,
            };
            all([Predicate::Cause(field, None), block].into_iter())
        }
        Term::Number(_, NumberTest::Set) | Term::Group { .. } | Term::Template { .. } => Predicate::Any,
    }
}

/// What holds of the trace where a block holds of one and the same request to a node.
fn request(block: &Expression, node: &NodeSelector) -> Predicate {
    let failing = |failure| Predicate::Failing(failure, node.name.clone());
    within(block, false, &|term, negated| match term {
        Term::Flag(word, value) => match (word, *value != negated) {
            (FlagWord::Fault, true) => failing(Failure::Fault),
            (FlagWord::Error, true) => failing(Failure::Error),
            (FlagWord::Throttle, true) => failing(Failure::Throttle),
            (FlagWord::Ok, false) => any(Failure::ALL.into_iter().map(failing)),
            _ => Predicate::Any,
        },
        _ => Predicate::Any,
    })
}

/// What holds of the trace where a term holds of one service of a root cause.
fn cause(term: &Term, negated: bool, field: CauseField) -> Predicate {
    match (term, negated) {
        (Term::Text(TextWord::Name, TextTest::Compare(TextComparator::Equal, name)), false)
        | (Term::Text(TextWord::Name, TextTest::Compare(TextComparator::NotEqual, name)), true) => {
            Predicate::Cause(field, Some(name.clone()))
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
        Term::Text(word, TextTest::Compare(TextComparator::NotEqual, value)) => {
            text(*word, &TextTest::Compare(TextComparator::Equal, value.clone()))
        }
        Term::Annotation(key, AnnotationTest::Number(Comparator::NotEqual, value)) => {
            annotation(key, &AnnotationTest::Number(Comparator::Equal, *value))
        }
        Term::Annotation(key, AnnotationTest::Text(TextComparator::NotEqual, value)) => {
            annotation(key, &AnnotationTest::Text(TextComparator::Equal, value.clone()))
        }
        Term::Annotation(key, AnnotationTest::Boolean { equal: false, value }) => {
            annotation(key, &AnnotationTest::Boolean { equal: true, value: *value })
        }
        _ => Predicate::Any,
    }
}

fn flag(word: FlagWord, value: bool) -> Predicate {
    match word {
        FlagWord::Ok => Predicate::Flag(FlagField::Ok, value),
        FlagWord::Error if value => Predicate::Flag(FlagField::Error, true),
        // A throttled response is no error, whatever its error flag says.
        FlagWord::Error => {
            any([Predicate::Flag(FlagField::Error, false), Predicate::Flag(FlagField::Throttle, true)]
                .into_iter())
        }
        FlagWord::Throttle => Predicate::Flag(FlagField::Throttle, value),
        FlagWord::Fault => Predicate::Flag(FlagField::Fault, value),
        FlagWord::Partial => Predicate::Flag(FlagField::Partial, value),
        FlagWord::Inferred | FlagWord::Root | FlagWord::First | FlagWord::Last | FlagWord::Remote => {
            Predicate::Any
        }
    }
}

fn number_field(word: NumberWord) -> Option<NumberField> {
    match word {
        NumberWord::ResponseTime => Some(NumberField::ResponseTime),
        NumberWord::Duration => Some(NumberField::Duration),
        NumberWord::HttpStatus => Some(NumberField::HttpStatus),
        NumberWord::Index | NumberWord::Coverage => None,
    }
}

fn comparison(comparator: Comparator) -> Option<Comparison> {
    match comparator {
        Comparator::Equal => Some(Comparison::Equal),
        Comparator::NotEqual => None,
        Comparator::Less => Some(Comparison::Less),
        Comparator::LessOrEqual => Some(Comparison::LessOrEqual),
        Comparator::Greater => Some(Comparison::Greater),
        Comparator::GreaterOrEqual => Some(Comparison::GreaterOrEqual),
    }
}

fn text(word: TextWord, test: &TextTest) -> Predicate {
    let field = match word {
        TextWord::HttpUrl => TextField::HttpUrl,
        TextWord::HttpMethod => TextField::HttpMethod,
        TextWord::HttpUserAgent => TextField::UserAgent,
        TextWord::HttpClientIp => TextField::ClientIp,
        TextWord::User => TextField::User,
        TextWord::AccountId => return account(test),
        _ => return Predicate::Any,
    };
    match test {
        TextTest::Set => Predicate::Text(field, TextMatch::Contains, String::new()),
        TextTest::Compare(comparator, value) => match text_match(*comparator) {
            Some(how) => Predicate::Text(field, how, value.clone()),
            None => Predicate::Any,
        },
    }
}

fn account(test: &TextTest) -> Predicate {
    match test {
        TextTest::Compare(TextComparator::Equal, account) => {
            Predicate::Node { name: None, kind: None, account: Some(account.clone()) }
        }
        _ => Predicate::Any,
    }
}

fn text_match(comparator: TextComparator) -> Option<TextMatch> {
    match comparator {
        TextComparator::Equal => Some(TextMatch::Equals),
        TextComparator::NotEqual => None,
        TextComparator::Contains => Some(TextMatch::Contains),
        TextComparator::BeginsWith => Some(TextMatch::BeginsWith),
        TextComparator::EndsWith => Some(TextMatch::EndsWith),
    }
}

fn annotation(key: &str, test: &AnnotationTest) -> Predicate {
    let key = key.to_owned();
    match test {
        AnnotationTest::Number(Comparator::Equal, value) => {
            Predicate::Annotation { key, value: annotation_text(&AnnotationValue::Number(*value)) }
        }
        AnnotationTest::Text(TextComparator::Equal, value) => {
            Predicate::Annotation { key, value: value.clone() }
        }
        AnnotationTest::Boolean { equal: true, value } => {
            Predicate::Annotation { key, value: annotation_text(&AnnotationValue::Boolean(*value)) }
        }
        AnnotationTest::Number(Comparator::NotEqual, _)
        | AnnotationTest::Text(TextComparator::NotEqual, _)
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
