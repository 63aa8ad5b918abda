//! The body of PutTraceSegments, read in one pass and without a JSON value a document.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::XRayError;

/// Documents of one request. Daemons send 50; the bound is there so that sixteen megabytes of empty strings
/// cost no more memory than sixteen megabytes of documents.
pub(crate) const MAX_DOCUMENTS: usize = 100_000;

/// The documents of a request, as they were quoted in it.
pub(crate) struct Texts {
    pub(crate) documents: Vec<String>,
    /// There were bytes that are no UTF-8, or halves of characters, and U+FFFD stands in their places: a document harms
    /// none of those that it was sent with.
    pub(crate) was_mended: bool,
}

pub(crate) fn read(body: &[u8]) -> Result<Texts, XRayError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(missing());
    }
    match serde_json::from_slice(body) {
        Ok(envelope) => checked(envelope, false),
        Err(error) => {
            let text = wire::readable(String::from_utf8_lossy(body));
            match serde_json::from_str(&text) {
                Ok(envelope) => checked(envelope, true),
                Err(_) => Err(unreadable(body, &error)),
            }
        }
    }
}

fn unreadable(body: &[u8], error: &serde_json::Error) -> XRayError {
    let text = if body.trim_ascii_start().starts_with(b"{") {
        format!("the body is not JSON: {error}")
    } else {
        "Unexpected value type in payload".to_owned()
    };
    XRayError::Serialization(text.into())
}

fn checked(envelope: Envelope, was_mended: bool) -> Result<Texts, XRayError> {
    let Some(list) = envelope.list else { return Err(missing()) };
    if let Some(wrong) = list.wrong {
        return Err(XRayError::Serialization(wrong.into()));
    }
    if list.too_many {
        return Err(XRayError::invalid(format!("More than {MAX_DOCUMENTS} segments in one request")));
    }
    if list.documents.is_empty() {
        return Err(XRayError::invalid("Segments can not be empty"));
    }
    Ok(Texts { documents: list.documents, was_mended })
}

fn missing() -> XRayError {
    let text = "Value null at 'traceSegmentDocuments' failed to satisfy constraint: Member must not be null";
    XRayError::Validation(vec![text.to_owned()])
}

#[derive(serde::Deserialize)]
struct Envelope {
    #[serde(rename = "TraceSegmentDocuments")]
    list: Option<List>,
}

#[derive(Default)]
struct List {
    documents: Vec<String>,
    /// The first thing that is no string, in the words of X-Ray's parser.
    wrong: Option<&'static str>,
    too_many: bool,
}

enum Item {
    Document(String),
    Wrong(&'static str),
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ListVisitor;

impl ListVisitor {
    const NO_LIST: &'static str = "Expected list or null";

    fn wrong<E>() -> Result<List, E> {
        Ok(List { wrong: Some(Self::NO_LIST), ..List::default() })
    }
}

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List, A::Error> {
        let mut list = List::default();
        while list.documents.len() < MAX_DOCUMENTS {
            match items.next_element()? {
                Some(Item::Document(text)) => list.documents.push(text),
                Some(Item::Wrong(wrong)) => list.wrong = list.wrong.or(Some(wrong)),
                None => return Ok(list),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            list.too_many = true;
        }
        Ok(list)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<List, E> {
        Self::wrong()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<List, E> {
        Self::wrong()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<List, E> {
        Self::wrong()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<List, E> {
        Self::wrong()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<List, E> {
        Self::wrong()
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<List, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Self::wrong()
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Document(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Item, E> {
        Ok(Item::Document(text))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Item, E> {
        Ok(Item::Wrong(match value {
            true => "TRUE_VALUE can not be converted to a String",
            false => "FALSE_VALUE can not be converted to a String",
        }))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Item, E> {
        Ok(Item::Wrong("NUMBER_VALUE can not be converted to a String"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Item, E> {
        Ok(Item::Wrong("NUMBER_VALUE can not be converted to a String"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Item, E> {
        Ok(Item::Wrong("NUMBER_VALUE can not be converted to a String"))
    }

    fn visit_unit<E: Error>(self) -> Result<Item, E> {
        Ok(Item::Wrong("NULL_VALUE can not be converted to a String"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Item, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Item::Wrong("Start of list found where not expected"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Item, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Item::Wrong("Start of structure or map found where not expected."))
    }
}
