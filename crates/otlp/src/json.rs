//! OTLP/JSON, and what senders take for it: enum names, snake case, ids as base64, numbers as texts and the other way round.
//!
//! Members that are not known are skipped, and `null` is as good as absent. What nobody can read refuses the message that it is in.

mod message;
mod read;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::document::KeptResource;
use crate::limits::MAX_ELEMENTS;
use crate::message::{Resource, Scope, Span};
use read::{Key, Message};

/// The outer messages are read one level at a time, and what they hold stays text: what a hostile body of many empty elements
/// takes in memory is bounded, and a span is decoded by itself.
#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    pub(crate) resource_spans: Vec<&'a RawValue>,
    /// Members had names that are nobody's.
    pub(crate) has_no_spans_member: bool,
}

#[derive(Debug, Default)]
pub(crate) struct ResourceSpans<'a> {
    pub(crate) resource: Option<&'a RawValue>,
    pub(crate) scope_spans: Vec<&'a RawValue>,
    pub(crate) schema_url: String,
    /// Members had names of old versions.
    pub(crate) has_old_names: bool,
}

#[derive(Debug, Default)]
pub(crate) struct ScopeSpans<'a> {
    pub(crate) scope: Option<&'a RawValue>,
    pub(crate) spans: Vec<&'a RawValue>,
    pub(crate) schema_url: String,
}

pub(crate) fn request(text: &str) -> Result<Request<'_>, serde_json::Error> {
    serde_json::from_str::<Outer<Request<'_>>>(text).map(|outer| outer.0)
}

/// A document as it is kept has no more around its span than this.
pub(crate) fn kept(text: &str) -> Result<KeptResource, serde_json::Error> {
    serde_json::from_str::<Message<KeptResource>>(text).map(|message| message.0)
}

/// The same of what was made here.
pub(crate) fn made(resource_spans: Value) -> Result<KeptResource, serde_json::Error> {
    serde_json::from_value::<Message<KeptResource>>(resource_spans).map(|message| message.0)
}

pub(crate) fn resource_spans(text: &str) -> Result<ResourceSpans<'_>, serde_json::Error> {
    serde_json::from_str::<Outer<ResourceSpans<'_>>>(text).map(|outer| outer.0)
}

pub(crate) fn scope_spans(text: &RawValue) -> Result<ScopeSpans<'_>, serde_json::Error> {
    serde_json::from_str::<Outer<ScopeSpans<'_>>>(text.get()).map(|outer| outer.0)
}

pub(crate) fn span(text: &str) -> Result<Span, serde_json::Error> {
    serde_json::from_str::<Message<Span>>(text).map(|message| message.0)
}

pub(crate) fn resource(text: Option<&RawValue>) -> Result<Resource, serde_json::Error> {
    let Some(text) = text else { return Ok(Resource::default()) };
    serde_json::from_str::<Message<Resource>>(text.get()).map(|message| message.0)
}

pub(crate) fn scope(text: Option<&RawValue>) -> Result<Scope, serde_json::Error> {
    let Some(text) = text else { return Ok(Scope::default()) };
    serde_json::from_str::<Message<Scope>>(text.get()).map(|message| message.0)
}

/// An object of which texts are borrowed.
trait Borrowing<'de>: Default {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error>;
}

struct Outer<T>(T);

impl<'de, T: Borrowing<'de>> Deserialize<'de> for Outer<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(std::marker::PhantomData<T>);
        impl<'de, T: Borrowing<'de>> Visitor<'de> for Object<T> {
            type Value = Outer<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Outer(T::default()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut object = T::default();
                while let Some(Key(key)) = members.next_key()? {
                    object.member(&key, &mut members)?;
                }
                Ok(Outer(object))
            }
        }
        deserializer.deserialize_any(Object(std::marker::PhantomData))
    }
}

/// An array of which each element stays text, or `null`.
struct Texts<'de>(Vec<&'de RawValue>);

impl<'de> Deserialize<'de> for Texts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;
        impl<'de> Visitor<'de> for Array {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Texts(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = elements.next_element()? {
                    if texts.len() == MAX_ELEMENTS {
                        return Err(A::Error::custom(format_args!(
                            "an array has more than {MAX_ELEMENTS} elements"
                        )));
                    }
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(Array)
    }
}

impl<'de> Borrowing<'de> for Request<'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "resourceSpans" | "resource_spans" => {
                let Texts(texts) = members.next_value()?;
                self.resource_spans.extend(texts);
            }
            _ => {
                self.has_no_spans_member = true;
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Borrowing<'de> for ResourceSpans<'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "resource" => self.resource = members.next_value()?,
            "scopeSpans"
            | "scope_spans"
            | "instrumentationLibrarySpans"
            | "instrumentation_library_spans" => {
                self.has_old_names |= key.starts_with("instrumentation");
                let Texts(texts) = members.next_value()?;
                self.scope_spans.extend(texts);
            }
            "schemaUrl" | "schema_url" => self.schema_url = read::text(members)?,
            _ => read::skip(members)?,
        }
        Ok(())
    }
}

impl<'de> Borrowing<'de> for ScopeSpans<'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "scope" | "instrumentationLibrary" | "instrumentation_library" => {
                self.scope = members.next_value()?;
            }
            "spans" => {
                let Texts(texts) = members.next_value()?;
                self.spans.extend(texts);
            }
            "schemaUrl" | "schema_url" => self.schema_url = read::text(members)?,
            _ => read::skip(members)?,
        }
        Ok(())
    }
}
