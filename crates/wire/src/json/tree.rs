//! JSON as it was written: members in their order, and each number in its own digits.
//!
//! serde_json's `Value` makes a double of `1234567890123456789012345` and has no room for `1e400`. Documents bear amounts of
//! currencies and ids of 128 bits, and are given back as they came.

use std::fmt;

use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Significant digits that any double can hold, and comes out of with.
const DIGITS_OF_DOUBLE: usize = 17;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Boolean(bool),
    /// As it stood in the text.
    Number(Box<str>),
    Text(String),
    Array(Vec<Json>),
    Object(Members),
}

/// The members of an object; of one that is there twice the last value counts, at the place of the first.
pub(crate) type Members = IndexMap<String, Json>;

/// Reads `text`, whose numbers stand in `digits` as they came.
///
/// serde_json gives numbers by value and says nothing of their text. It gives them in the order of the text, though, so
/// the next of `digits` is always the one that is meant.
pub(super) fn read(text: &str, digits: Vec<&str>) -> Option<Json> {
    let mut digits = digits.into_iter();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let json = Tree(&mut digits).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(json)
}

/// Every number of a JSON text, in order.
pub(super) fn numbers(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut numbers = Vec::new();
    let mut in_string = false;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => in_string = !in_string,
            b'\\' if in_string => at += 1,
            b'-' | b'0'..=b'9' if !in_string => {
                let length = super::number_length(&text[at..]);
                numbers.push(&text[at..at + length]);
                at += length - 1;
            }
            _ => {}
        }
        at += 1;
    }
    numbers
}

impl Json {
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        match self {
            Self::Object(members) => members.get_mut(key),
            _ => None,
        }
    }

    pub(crate) fn as_array_mut(&mut self) -> Option<&mut Vec<Json>> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// For readers whose numbers are doubles: what those cannot hold is a text of its digits.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Bool(*value),
            Self::Number(digits) => number(digits).unwrap_or_else(|| Value::String(digits.to_string())),
            Self::Text(text) => Value::String(text.clone()),
            Self::Array(elements) => elements.iter().map(Self::to_value).collect(),
            Self::Object(members) => Value::Object(to_values(members)),
        }
    }
}

pub(crate) fn to_values(members: &Members) -> serde_json::Map<String, Value> {
    members.iter().map(|(key, value)| (key.clone(), value.to_value())).collect()
}

/// `None` where the value would be another one.
fn number(digits: &str) -> Option<Value> {
    if let Ok(whole) = digits.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = digits.parse::<u64>() {
        return Some(whole.into());
    }
    let mantissa = digits.split(['e', 'E']).next()?;
    let significant = mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    let double = digits.parse::<f64>().ok().filter(|double| double.is_finite())?;
    // Too small to be told from nothing is lost as well.
    let vanished = double == 0.0 && significant > 0;
    (significant <= DIGITS_OF_DOUBLE && !vanished).then(|| double.into())
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Number(digits) => {
                let raw = RawValue::from_string(digits.to_string()).map_err(serde::ser::Error::custom)?;
                raw.serialize(serializer)
            }
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(elements) => elements.serialize(serializer),
            Self::Object(members) => serializer.collect_map(members),
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// Of an object that was made here and not read.
pub(crate) fn from_values(members: serde_json::Map<String, Value>) -> Members {
    members.into_iter().map(|(key, value)| (key, value.into())).collect()
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Boolean(value),
            Value::Number(number) => Self::Number(number.to_string().into()),
            Value::String(text) => Self::Text(text),
            Value::Array(elements) => Self::Array(elements.into_iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(from_values(members)),
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<f64> for Json {
    /// What is not finite is nothing, as serde_json has it.
    fn from(number: f64) -> Self {
        match serde_json::Number::from_f64(number) {
            Some(number) => Self::Number(number.to_string().into()),
            None => Self::Null,
        }
    }
}

struct Tree<'n, I>(&'n mut I);

impl<'de, 'd, I: Iterator<Item = &'d str>> DeserializeSeed<'de> for Tree<'_, I> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'d, I: Iterator<Item = &'d str>> Tree<'_, I> {
    fn next_number<E: Error>(self) -> Result<Json, E> {
        self.0
            .next()
            .map(|digits| Json::Number(digits.into()))
            .ok_or_else(|| E::custom("more numbers than before"))
    }
}

impl<'de, 'd, I: Iterator<Item = &'d str>> Visitor<'de> for Tree<'_, I> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json, E> {
        self.next_number()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Json, E> {
        self.next_number()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        self.next_number()
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(Tree(&mut *self.0))? {
            array.push(element);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Members::new();
        while let Some(key) = members.next_key::<String>()? {
            object.insert(key, members.next_value_seed(Tree(&mut *self.0))?);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Json {
        crate::json::tree(text.as_bytes()).unwrap()
    }

    #[test]
    fn whatever_was_written_is_written_again() {
        for text in [
            r#"{"a":{"$serde_json::private::RawValue":"[1]"},"b":[null,true,-1,1.5,"x",{}],"c":1e3}"#,
            r#"{"wei":1234567890123456789012345,"u64":18446744073709551615,"huge":1e400,"tiny":-1E-400,"price":0.10}"#,
            r#"["1",1,"\"2",-0,-0.0,1.790157326E9,[[3]],{"4":5,"-6":"7,8"}]"#,
            "17",
        ] {
            assert_eq!(tree(text).to_string(), text);
        }
        assert_eq!(tree(r#"{"a":1,"b":2,"a":3.0}"#).to_string(), r#"{"a":3.0,"b":2}"#);
    }

    #[test]
    fn a_number_that_no_double_holds_is_a_text_for_those_who_know_doubles_alone() {
        let check = |digits: &str, expected: Value| assert_eq!(tree(digits).to_value(), expected, "{digits}");
        check("5", 5.into());
        check("18446744073709551615", u64::MAX.into());
        check("1234567890123456789012345", "1234567890123456789012345".into());
        check("1e400", "1e400".into());
        check("1e-400", "1e-400".into());
        check("0.10", 0.1.into());
        check("0e999", 0.0.into());
        check("1.790157326E9", 1_790_157_326.0.into());
        check("0.123456789012345678", "0.123456789012345678".into());
    }
}
