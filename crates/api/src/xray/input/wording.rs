//! X-Ray's words for members that do not fit.

use serde_json::Value;

use crate::error::XRayError;

pub(super) fn is_within(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.chars().count())
}

pub(super) fn between(longest: usize) -> String {
    format!(
        "[Member must have length less than or equal to {longest}, \
         Member must have length greater than or equal to 1]"
    )
}

/// X-Ray's parser names the JSON token that it met.
pub(super) fn wrong_type(value: &Value, wanted: &str) -> XRayError {
    let message = match value {
        Value::Array(_) => "Start of list found where not expected".to_owned(),
        Value::Object(_) => "Start of structure or map found where not expected.".to_owned(),
        Value::Number(_) => format!("NUMBER_VALUE can not be converted to {} {wanted}", article(wanted)),
        Value::String(_) => format!("STRING_VALUE can not be converted to {} {wanted}", article(wanted)),
        Value::Bool(true) => format!("TRUE_VALUE can not be converted to {} {wanted}", article(wanted)),
        Value::Bool(false) => format!("FALSE_VALUE can not be converted to {} {wanted}", article(wanted)),
        Value::Null => format!("NULL_VALUE can not be converted to {} {wanted}", article(wanted)),
    };
    XRayError::Serialization(message.into())
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" }
}

/// A list as X-Ray writes it into a message, where it is short.
pub(super) fn words(items: &[Value]) -> String {
    let shown = items.iter().take(5).filter_map(Value::as_str).map(|word| word.chars().take(50).collect());
    let mut words: Vec<String> = shown.collect();
    if words.len() < items.len() {
        words.push("..".to_owned());
    }
    words.join(", ")
}

/// X-Ray writes the path of a member with a small first letter.
pub(super) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
