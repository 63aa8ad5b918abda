//! Trees as Smithy's RPC v2 CBOR: <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>
//!
//! Instants are epoch seconds under tag 1.

use std::borrow::Cow;

use ciborium::Value;
use model::Timestamp;

use super::tree::Tree;

/// The tag of an epoch time (RFC 8949, 3.4.2).
const EPOCH_TIME: u64 = 1;
/// Deeper than any operation's input; the reader recurses.
const MAX_DEPTH: usize = 32;

pub(super) fn read(body: &[u8]) -> Result<Tree, String> {
    if body.is_empty() {
        return Ok(Tree::Object(Vec::new()));
    }
    let value: Value = ciborium::de::from_reader_with_recursion_limit(body, MAX_DEPTH)
        .map_err(|error| format!("the body is not CBOR: {error}"))?;
    match tree(value)? {
        tree @ Tree::Object(_) => Ok(tree),
        _ => Err("the body is no CBOR map".to_owned()),
    }
}

fn tree(value: Value) -> Result<Tree, String> {
    Ok(match value {
        Value::Null => Tree::Null,
        Value::Bool(flag) => Tree::Flag(flag),
        Value::Integer(whole) => match i64::try_from(whole) {
            Ok(whole) => Tree::Whole(whole),
            Err(_) => Tree::Number(i128::from(whole) as f64),
        },
        Value::Float(number) => Tree::Number(number),
        Value::Text(text) => Tree::Text(text),
        Value::Tag(EPOCH_TIME, seconds) => match *seconds {
            Value::Integer(whole) => Tree::Instant(Timestamp::from_seconds(i128::from(whole) as f64)),
            Value::Float(number) => Tree::Instant(Timestamp::from_seconds(number)),
            _ => return Err("a time must be a number of seconds".to_owned()),
        },
        Value::Array(items) => Tree::List(items.into_iter().map(tree).collect::<Result<_, _>>()?),
        Value::Map(members) => {
            let mut object = Vec::with_capacity(members.len());
            for (name, value) in members {
                let Value::Text(name) = name else {
                    return Err("the keys of a map must be texts".to_owned());
                };
                object.push((Cow::Owned(name), tree(value)?));
            }
            Tree::Object(object)
        }
        _ => return Err("the body has a kind of value that no operation takes".to_owned()),
    })
}

pub(super) fn write(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&value(tree), &mut bytes).expect("memory takes every byte");
    bytes
}

fn value(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::Null,
        Tree::Flag(flag) => Value::Bool(*flag),
        Tree::Whole(whole) => Value::Integer((*whole).into()),
        Tree::Number(number) => Value::Float(*number),
        Tree::Text(text) => Value::Text(text.clone()),
        Tree::Instant(instant) => Value::Tag(EPOCH_TIME, Box::new(Value::Float(instant.as_seconds()))),
        Tree::List(items) => Value::Array(items.iter().map(value).collect()),
        Tree::Object(members) => {
            let members = members.iter().map(|(name, member)| (Value::Text(name.to_string()), value(member)));
            Value::Map(members.collect())
        }
        Tree::Map(values) => {
            let members = values.iter().map(|(name, member)| (Value::Text(name.clone()), value(member)));
            Value::Map(members.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let tree = Tree::object([
            ("Name", "é".into()),
            ("Period", Tree::Whole(60)),
            ("Threshold", 0.05.into()),
            ("At", Timestamp::from_seconds(1_700_000_040.25).into()),
            ("On", true.into()),
            ("List", Tree::list(["a", "b"])),
        ]);
        assert_eq!(read(&write(&tree)), Ok(tree));
    }

    #[test]
    fn bad_bodies_are_refused_and_harm_nothing() {
        let deep = [[0x81; 10_000].as_slice(), &[0xf6]].concat();
        let no_map: &[u8] = &[0x01];
        let bytes: &[u8] = &[0xa1, 0x61, 0x61, 0x41, 0x00];
        for body in [deep.as_slice(), no_map, bytes, b"{}", &[0xa1, 0x01, 0x02]] {
            assert!(read(body).is_err(), "{:?}", &body[..body.len().min(8)]);
        }
        assert_eq!(read(&[]), Ok(Tree::Object(Vec::new())));
    }
}
