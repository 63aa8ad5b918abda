//! Members of JSON objects and forms, those that are wanted and no others.

use std::fmt;

use serde_core::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::parameter::{Parameter, Take};
use crate::percent::decoded;

/// How much of a body is looked at.
pub(super) const MAX_BODY_BYTES: usize = 64 << 10;

/// The wanted members of an object, in its order. What is behind the limit, or behind what is no JSON, is not found.
pub(super) fn of_json(body: &[u8], wanted: &[Parameter]) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(&body[..body.len().min(MAX_BODY_BYTES)]);
    // An error is the end of what can be read; what was read counts.
    let _end = json.deserialize_map(Wanted { wanted, found: &mut found });
    found
}

/// The same of `a=b&c=d`.
pub(super) fn of_form(form: &str, wanted: &[Parameter]) -> Vec<(&'static str, Value)> {
    let found = wanted.iter().filter_map(|parameter| {
        let value = form_value(form, parameter.member)?;
        Some((parameter.key, value.into()))
    });
    found.collect()
}

/// The value of one pair.
pub(super) fn form_value(form: &str, name: &str) -> Option<String> {
    let mut pairs = form.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    Some(decoded(&value.replace('+', " ")))
}

struct Wanted<'a> {
    wanted: &'a [Parameter],
    found: &'a mut Vec<(&'static str, Value)>,
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            let Some(parameter) = self.wanted.iter().find(|parameter| parameter.member == name) else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = match parameter.take {
                Take::Value => members.next_value::<Value>()?,
                Take::Count | Take::Keys => members.next_value_seed(Digest)?,
            };
            if !value.is_null() {
                self.found.push((parameter.key, value));
            }
        }
        Ok(())
    }
}

/// How many a list has, or which keys a map has, without their values.
struct Digest;

impl<'de> DeserializeSeed<'de> for Digest {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Value, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Digest {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a map")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut count = 0_u64;
        while elements.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(count.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, _)) = members.next_entry::<String, IgnoredAny>()? {
            keys.push(Value::String(key));
        }
        Ok(keys.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}
