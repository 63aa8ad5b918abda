//! The YAML file: one flat mapping from keys to scalars, each with its line.

use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A file of settings is some dozens of lines; this is surely another file.
const MAX_FILE_BYTES: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    /// The scalar as text, or why it is none.
    pub(super) value: Result<String, &'static str>,
    /// Where it is a list, that as JSON.
    pub(super) list: Option<String>,
    pub(super) line: u64,
    /// Where the entry stands, for people; `source` fills it in.
    pub(super) place: String,
}

#[derive(Debug)]
pub(super) struct FileError {
    pub(super) what: String,
    pub(super) line: Option<u64>,
}

pub(super) fn read(path: &Path) -> Result<Vec<Entry>, FileError> {
    let unreadable =
        |error: std::io::Error| FileError { what: format!("cannot be read: {error}"), line: None };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_FILE_BYTES {
        return Err(FileError { what: format!("is no file of settings: it has {size} bytes"), line: None });
    }
    parse(&std::fs::read_to_string(path).map_err(unreadable)?)
}

fn parse(text: &str) -> Result<Vec<Entry>, FileError> {
    let Mapping(pairs) = serde_saphyr::from_str(text).map_err(|error| FileError {
        what: format!("is not a YAML file of keys and values: {}", error.without_snippet()),
        line: error.location().map(|location| location.line()),
    })?;
    let entry = |(key, value): (Spanned<String>, Value)| Entry {
        key: key.value,
        value: value.scalar,
        list: value.list,
        line: key.referenced.line(),
        place: String::new(),
    };
    Ok(pairs.into_iter().map(entry).collect())
}

/// A mapping in the order of the file; YAML itself refuses a key that stands there twice.
struct Mapping(Vec<(Spanned<String>, Value)>);

struct Value {
    scalar: Result<String, &'static str>,
    list: Option<String>,
}

struct MappingVisitor;

struct ValueVisitor;

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MappingVisitor)
    }
}

impl<'de> Visitor<'de> for MappingVisitor {
    type Value = Mapping;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lines of `key: value`")
    }

    fn visit_unit<E>(self) -> Result<Mapping, E> {
        Ok(Mapping(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Mapping, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = access.next_entry()? {
            pairs.push(pair);
        }
        Ok(Mapping(pairs))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl Value {
    fn scalar(text: String) -> Self {
        Self { scalar: Ok(text), list: None }
    }

    fn none(why: &'static str) -> Self {
        Self { scalar: Err(why), list: None }
    }
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::scalar(value.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::scalar(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::none("has no value"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items: Vec<serde_json::Value> = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        let list = Some(serde_json::Value::from(items).to_string());
        Ok(Value { list, ..Value::none("is a list; it must be a single value") })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::none("is a mapping; it must be a single value"))
    }
}
