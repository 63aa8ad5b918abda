//! What the columns of `traces` can say about a predicate.
//!
//! Like [`Predicate::may_match`], which is asked afterwards, this must hold wherever the condition does.

use model::property::{CauseKind, Comparator, Failure as Failing, Flag, Number, Text, TextMatch};
use store::Predicate;

use crate::digests::flag;
use crate::literal::quoted;

/// Numbers are compared as seconds in two places; this is more than both may be apart.
const TOLERANCE: f64 = 2e-6;
const TRUE: &str = "1";

pub(crate) fn condition(predicate: &Predicate) -> String {
    match predicate {
        Predicate::Any => TRUE.to_owned(),
        Predicate::And(all) => joined(all, " AND ", TRUE),
        Predicate::Or(any) => joined(any, " OR ", "0"),
        Predicate::Flag(of, wanted) => flags(*of, *wanted),
        Predicate::Number(number, how, wanted) => numbers(*number, *how, *wanted),
        Predicate::Text(text, how, wanted) => texts(*text, *how, wanted),
        Predicate::Node { name: Some(name), .. } => format!("has(services, {})", quoted(name)),
        Predicate::Node { name: None, .. } => TRUE.to_owned(),
        Predicate::Failing(failing, name) => named(
            match failing {
                Failing::Error => "error_services",
                Failing::Throttle => "throttle_services",
                Failing::Fault => "fault_services",
            },
            name.as_deref(),
        ),
        Predicate::Cause(cause, name) => named(
            match cause {
                CauseKind::Fault => "fault_causes",
                CauseKind::Error => "error_causes",
                CauseKind::ResponseTime => "response_time_causes",
            },
            name.as_deref(),
        ),
        // Only the digest has it.
        Predicate::HasException => TRUE.to_owned(),
        Predicate::HasAnnotation(key) => or_cut(&format!("has(annotation_keys, {})", quoted(key))),
        Predicate::Annotation { key, value } => or_cut(&annotated(key, value)),
    }
}

fn joined(members: &[Predicate], with: &str, without: &str) -> String {
    if members.is_empty() {
        return without.to_owned();
    }
    let members: Vec<String> = members.iter().map(condition).collect();
    format!("({})", members.join(with))
}

fn flags(of: Flag, wanted: bool) -> String {
    let any = |bits: u8| format!("bitAnd(flags, {bits}) {} 0", if wanted { "!=" } else { "=" });
    match of {
        Flag::Ok => {
            let failures = flag::ERROR | flag::THROTTLE | flag::FAULT;
            let how = if wanted { "=" } else { "!=" };
            format!("(bitAnd(flags, {}) = 0 OR bitAnd(flags, {failures}) {how} 0)", flag::ROOT)
        }
        Flag::Error => any(flag::ERROR),
        Flag::Fault => any(flag::FAULT),
        Flag::Partial => any(flag::PARTIAL),
        // The root's or the trace's.
        Flag::Throttle if wanted => any(flag::THROTTLE | flag::ANY_THROTTLE),
        Flag::Throttle => {
            let both = flag::THROTTLE | flag::ANY_THROTTLE;
            format!("bitAnd(flags, {both}) != {both}")
        }
        // No column has it.
        Flag::Inferred => TRUE.to_owned(),
    }
}

fn numbers(number: Number, how: Comparator, wanted: f64) -> String {
    let value = match number {
        Number::ResponseTime => "response_time / 1e6",
        Number::Duration => "duration / 1e6",
        Number::SelfTime => "self_time / 1e6",
        Number::HttpStatus => "toFloat64(http_status)",
    };
    if !wanted.is_finite() {
        return TRUE.to_owned();
    }
    let (least, most) = (wanted - TOLERANCE, wanted + TOLERANCE);
    let condition = match how {
        Comparator::NotEqual => return TRUE.to_owned(),
        Comparator::Equal => format!("{value} >= {least:e} AND {value} <= {most:e}"),
        Comparator::Less | Comparator::LessOrEqual => format!("{value} <= {most:e}"),
        Comparator::Greater | Comparator::GreaterOrEqual => format!("{value} >= {least:e}"),
    };
    format!("ifNull({condition}, 0)")
}

fn texts(text: Text, how: TextMatch, wanted: &str) -> String {
    // An empty text is in every other, also in one that is not there, which looks the same in a column.
    if wanted.is_empty() || how == TextMatch::NotEqual {
        return TRUE.to_owned();
    }
    let wanted = quoted(wanted);
    let passes = |text: &str| match how {
        TextMatch::Equal | TextMatch::NotEqual => format!("{text} = {wanted}"),
        TextMatch::Contains => format!("position({text}, {wanted}) > 0"),
        TextMatch::BeginsWith => format!("startsWith({text}, {wanted})"),
        TextMatch::EndsWith => format!("endsWith({text}, {wanted})"),
    };
    match text {
        Text::HttpUrl => passes("http_url"),
        // Made a plain text, which all of these functions take.
        Text::HttpMethod => passes("toString(http_method)"),
        Text::User => format!("arrayExists(text -> {}, users)", passes("text")),
        _ => TRUE.to_owned(),
    }
}

fn named(column: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("has({column}, {})", quoted(name)),
        None => format!("notEmpty({column})"),
    }
}

/// Of what a digest does not keep nothing is known.
fn or_cut(condition: &str) -> String {
    format!("({condition} OR bitAnd(flags, {}) != 0)", flag::CUT)
}

/// As the index has pairs. A number may be asked for in another form than it is written in.
fn annotated(key: &str, value: &str) -> String {
    let pair = |value: &str| {
        format!(
            "has(arrayMap((k, v) -> concat(k, '=', v), annotation_keys, annotation_values), {})",
            quoted(&format!("{key}={value}"))
        )
    };
    match value.parse::<f64>().map(|number| number.to_string()) {
        // Both zeros are equal, and are written otherwise.
        Ok(number) if number == "0" || number == "-0" => {
            format!("({} OR {} OR {})", pair(value), pair("0"), pair("-0"))
        }
        Ok(number) if number != value => format!("({} OR {})", pair(value), pair(&number)),
        _ => pair(value),
    }
}
