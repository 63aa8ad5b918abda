//! Reading of values that senders write in more than one way.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A message that is read member by member.
pub(super) trait Members: Default {
    /// Takes the value of one member, or skips it with [`skip`]; one of them must happen.
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error>;
}

/// An object, or `null` for one without members.
pub(super) struct Message<T>(pub(super) T);

/// A member's name; borrowed unless it has escapes.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

pub(super) fn skip<'de, A: MapAccess<'de>>(members: &mut A) -> Result<(), A::Error> {
    members.next_value::<IgnoredAny>()?;
    Ok(())
}

pub(super) fn text<'de, A: MapAccess<'de>>(members: &mut A) -> Result<String, A::Error> {
    Ok(members.next_value::<Option<String>>()?.unwrap_or_default())
}

pub(super) fn message<'de, A: MapAccess<'de>, T: Members>(members: &mut A) -> Result<T, A::Error> {
    Ok(members.next_value::<Message<T>>()?.0)
}

pub(super) fn messages<'de, A: MapAccess<'de>, T: Members>(members: &mut A) -> Result<Vec<T>, A::Error> {
    Ok(members.next_value::<Messages<T>>()?.0)
}

pub(super) fn boolean<'de, A: MapAccess<'de>>(members: &mut A) -> Result<bool, A::Error> {
    Ok(members.next_value::<Option<bool>>()?.unwrap_or_default())
}

/// A whole number, as a number or as a text; `null` is 0.
pub(super) fn integer<'de, A: MapAccess<'de>, N: TryFrom<i128> + Default>(
    members: &mut A,
) -> Result<N, A::Error> {
    let number = match members.next_value()? {
        Scalar::Absent => return Ok(N::default()),
        Scalar::Integer(number) => Some(number),
        Scalar::Number(number) => whole(number),
        Scalar::Text(text) => text.trim().parse().ok().or_else(|| whole(text.trim().parse().ok()?)),
    };
    number
        .and_then(|number| number.try_into().ok())
        .ok_or_else(|| A::Error::custom("a whole number is too large, or is none"))
}

/// The number of an enum, by number or by name.
pub(super) fn enumeration<'de, A: MapAccess<'de>>(members: &mut A, names: &[&str]) -> Result<i32, A::Error> {
    match members.next_value()? {
        Scalar::Absent => Ok(0),
        Scalar::Integer(number) => number.try_into().map_err(|_| A::Error::custom("an enum is out of range")),
        Scalar::Number(_) => Err(A::Error::custom("an enum is no whole number")),
        Scalar::Text(text) => match names.iter().position(|name| text == *name) {
            Some(number) => Ok(number as i32),
            None => text.parse().map_err(|_| A::Error::custom("an enum has an unknown name")),
        },
    }
}

pub(super) fn double<'de, A: MapAccess<'de>>(members: &mut A) -> Result<f64, A::Error> {
    match members.next_value()? {
        Scalar::Absent => Ok(0.0),
        Scalar::Integer(number) => Ok(number as f64),
        Scalar::Number(number) => Ok(number),
        Scalar::Text(text) => match &*text {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            other => other.trim().parse().map_err(|_| A::Error::custom("a number is none")),
        },
    }
}

/// An id of so many bytes: hex digits in any case, with or without dashes, or base64, as protobuf's own JSON has it. What is
/// neither comes back with a length that no id has, and is refused where ids are checked.
pub(super) fn id<'de, A: MapAccess<'de>>(members: &mut A, bytes: usize) -> Result<Vec<u8>, A::Error> {
    let Some(text) = members.next_value::<Option<Cow<'_, str>>>()? else { return Ok(Vec::new()) };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(id) = hex(&text, bytes) {
        return Ok(id);
    }
    let base64 = STANDARD.decode(text.as_bytes()).ok().filter(|id| text.ends_with('=') && id.len() == bytes);
    Ok(base64.unwrap_or_else(|| vec![0; bytes + 1]))
}

fn hex(text: &str, bytes: usize) -> Option<Vec<u8>> {
    let mut id = Vec::with_capacity(bytes);
    let mut digits = text.bytes().filter(|byte| *byte != b'-');
    while let Some(high) = digits.next() {
        let (high, low) = (digit(high)?, digit(digits.next()?)?);
        id.push(high << 4 | low);
    }
    (id.len() == bytes).then_some(id)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| digit.try_into().ok())
}

/// Base64, padded or not, of either alphabet.
pub(super) fn bytes<'de, A: MapAccess<'de>>(members: &mut A) -> Result<Vec<u8>, A::Error> {
    let Some(text) = members.next_value::<Option<Cow<'_, str>>>()? else { return Ok(Vec::new()) };
    let standard: String = text
        .trim_end_matches('=')
        .chars()
        .map(|it| {
            if it == '-' {
                '+'
            } else if it == '_' {
                '/'
            } else {
                it
            }
        })
        .collect();
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(standard)
        .map_err(|_| A::Error::custom("bytes are not base64"))
}

fn whole(number: f64) -> Option<i128> {
    (number.fract() == 0.0 && number.abs() < 1e30).then_some(number as i128)
}

enum Scalar<'de> {
    Absent,
    Integer(i128),
    Number(f64),
    Text(Cow<'de, str>),
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;
        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a number in a string")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Absent)
            }

            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Integer(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Integer(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(value.to_owned())))
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(value)))
            }
        }
        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl<'de, T: Members> Deserialize<'de> for Message<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MessageVisitor<T>(PhantomData<T>);
        impl<'de, T: Members> Visitor<'de> for MessageVisitor<T> {
            type Value = Message<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Message(T::default()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut message = T::default();
                while let Some(Key(key)) = members.next_key()? {
                    message.member(&key, &mut members)?;
                }
                Ok(Message(message))
            }
        }
        deserializer.deserialize_any(MessageVisitor(PhantomData))
    }
}

/// An array of objects, or `null`.
struct Messages<T>(Vec<T>);

impl<'de, T: Members> Deserialize<'de> for Messages<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MessagesVisitor<T>(PhantomData<T>);
        impl<'de, T: Members> Visitor<'de> for MessagesVisitor<T> {
            type Value = Messages<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of objects")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Messages(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let mut messages = Vec::new();
                while let Some(Message(message)) = elements.next_element()? {
                    messages.push(message);
                }
                Ok(Messages(messages))
            }
        }
        deserializer.deserialize_any(MessagesVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(value.to_owned())))
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(value)))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
