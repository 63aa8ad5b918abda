//! Trees as AWS JSON 1.0: instants are epoch seconds.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::tree::Tree;

pub(super) fn read(body: &[u8]) -> Result<Tree, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Tree::Object(Vec::new()));
    }
    match serde_json::from_slice(body) {
        Ok(value) => object(value),
        Err(error) => Err(format!("the body is not JSON: {error}")),
    }
}

/// The input of an operation is an object.
pub(super) fn object(value: Value) -> Result<Tree, String> {
    match value {
        Value::Object(_) => Ok(tree(value)),
        _ => Err("the body is no JSON object".to_owned()),
    }
}

pub(crate) fn tree(value: Value) -> Tree {
    match value {
        Value::Null => Tree::Null,
        Value::Bool(flag) => Tree::Flag(flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Tree::Whole(whole),
            None => Tree::Number(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Tree::Text(text),
        Value::Array(items) => Tree::List(items.into_iter().map(tree).collect()),
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Tree::Object(members.map(|(name, value)| (Cow::Owned(name), tree(value))).collect())
        }
    }
}

pub(crate) fn value(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::Null,
        Tree::Flag(flag) => Value::Bool(*flag),
        Tree::Whole(whole) => Value::Number((*whole).into()),
        Tree::Number(number) => number_value(*number),
        Tree::Text(text) => Value::String(text.clone()),
        Tree::Instant(instant) => number_value(instant.as_seconds()),
        Tree::List(items) => Value::Array(items.iter().map(value).collect()),
        Tree::Object(members) => {
            let members = members.iter().map(|(name, member)| (name.to_string(), value(member)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Tree::Map(values) => {
            let members = values.iter().map(|(name, member)| (name.clone(), value(member)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

/// Null where JSON has no such number.
fn number_value(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}
