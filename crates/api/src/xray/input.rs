//! Reading of an operation's members: types, constraints and X-Ray's words for what does not fit.
//!
//! A member of the wrong JSON type ends the reading at once (`SerializationException`). Violated constraints
//! are collected and reported together (`ValidationException`), as X-Ray does.

pub(crate) mod page;
mod wording;

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use model::Timestamp;
use serde_json::{Map, Value};

use self::wording::{between, is_within, lower_first, words, wrong_type};
use crate::app::Shared;
use crate::audit::Note;
use crate::body;
use crate::error::XRayError;
use crate::route;

/// Characters of a bad value that its message repeats.
const MAX_QUOTED: usize = 200;

/// What an operation takes.
pub(crate) trait Read: Sized {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError>;
}

/// The input of an operation, read from the body of a request. An empty body is an empty object.
#[derive(Debug)]
pub(crate) struct Input<T>(pub(crate) T);

impl<T: Read> FromRequest<Shared> for Input<T> {
    type Rejection = XRayError;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, XRayError> {
        let (head, body) = request.into_parts();
        let body = body::read(
            &head.headers,
            body,
            route::max_body(&head.extensions),
            &app.bodies.of(&head.extensions),
        )
        .await?;
        Note::body(&head.extensions, &body.bytes);
        read(&body.bytes).map(Self)
    }
}

/// The members of the request's object.
pub(crate) fn read<T: Read>(body: &[u8]) -> Result<T, XRayError> {
    let object = object(body)?;
    let mut violations = Vec::new();
    let input = T::read(&mut Members { path: String::new(), object: &object, violations: &mut violations })?;
    if violations.is_empty() { Ok(input) } else { Err(XRayError::Validation(violations)) }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, XRayError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(XRayError::Serialization("Unexpected value type in payload".into())),
        Err(error) => Err(XRayError::Serialization(format!("the body is not JSON: {error}").into())),
    }
}

/// The members of one JSON object of a request. A member that is null counts as absent.
pub(crate) struct Members<'a> {
    /// Where the object stands, such as `samplingStatisticsDocuments.1.member.`; empty for the request itself.
    path: String,
    object: &'a Map<String, Value>,
    violations: &'a mut Vec<String>,
}

impl Members<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Reports that a member does not meet a constraint.
    pub(crate) fn violated(&mut self, name: &str, constraint: &str) {
        let value = match self.get(name) {
            None => "null".to_owned(),
            Some(Value::String(text)) => format!("'{}'", text.chars().take(MAX_QUOTED).collect::<String>()),
            Some(Value::Array(items)) => format!("'[{}]'", words(items)),
            Some(Value::Object(_)) => "of a structure".to_owned(),
            Some(other) => format!("'{other}'"),
        };
        let path = format!("{}{}", self.path, lower_first(name));
        self.violations.push(format!("Value {value} at '{path}' failed to satisfy constraint: {constraint}"));
    }

    /// Whether no constraint was violated so far.
    pub(crate) fn is_valid(&self) -> bool {
        self.violations.is_empty()
    }

    fn missing(&mut self, name: &str) {
        self.violated(name, "Member must not be null");
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, XRayError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(wrong_type(other, "String")),
        }
    }

    /// A text of `min` to `max` characters.
    pub(crate) fn short_text(
        &mut self,
        name: &str,
        min: usize,
        max: usize,
    ) -> Result<Option<String>, XRayError> {
        let text = self.text(name)?;
        let length = text.as_ref().map(|text| text.chars().count());
        if length.is_some_and(|length| length < min) {
            self.violated(name, &format!("Member must have length greater than or equal to {min}"));
        }
        if length.is_some_and(|length| length > max) {
            self.violated(name, &format!("Member must have length less than or equal to {max}"));
        }
        Ok(text)
    }

    pub(crate) fn required_text(&mut self, name: &str, min: usize, max: usize) -> Result<String, XRayError> {
        let text = self.short_text(name, min, max)?;
        if text.is_none() {
            self.missing(name);
        }
        Ok(text.unwrap_or_default())
    }

    /// One of the words of an enumeration.
    pub(crate) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, XRayError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let set = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            self.violated(name, &format!("Member must satisfy enum value set: [{set}]"));
        }
        Ok(found)
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, XRayError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(wrong_type(other, "Boolean")),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, XRayError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64()),
            Some(other) => Err(wrong_type(other, "Double")),
        }
    }

    /// A whole number; a fraction is cut off, as the service does.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, XRayError> {
        match self.get(name) {
            Some(Value::Number(number)) => {
                Ok(number.as_i64().or_else(|| number.as_f64().map(|value| value as i64)))
            }
            None => Ok(None),
            Some(other) => Err(wrong_type(other, "Integer")),
        }
    }

    /// A whole number within the bounds.
    pub(crate) fn whole(&mut self, name: &str, min: u32, max: u32) -> Result<Option<u32>, XRayError> {
        let Some(value) = self.integer(name)? else { return Ok(None) };
        if value < i64::from(min) {
            self.violated(name, &format!("Member must have value greater than or equal to {min}"));
        }
        if value > i64::from(max) {
            self.violated(name, &format!("Member must have value less than or equal to {max}"));
        }
        Ok(u32::try_from(value).ok())
    }

    pub(crate) fn required_whole(&mut self, name: &str, min: u32, max: u32) -> Result<u32, XRayError> {
        self.require(name);
        Ok(self.whole(name, min, max)?.unwrap_or_default())
    }

    /// A number from 0 to 1.
    pub(crate) fn required_share(&mut self, name: &str) -> Result<f64, XRayError> {
        self.require(name);
        let value = self.number(name)?.unwrap_or_default();
        if value < 0.0 {
            self.violated(name, "Member must have value greater than or equal to 0");
        }
        if value > 1.0 {
            self.violated(name, "Member must have value less than or equal to 1");
        }
        Ok(value)
    }

    /// Reports a member that is not there.
    pub(crate) fn require(&mut self, name: &str) {
        if self.get(name).is_none() {
            self.missing(name);
        }
    }

    /// A map of at most `max` texts, whose keys and values have 1 to `longest` characters.
    pub(crate) fn short_texts_by_key(
        &mut self,
        name: &str,
        max: usize,
        longest: usize,
    ) -> Result<Option<BTreeMap<String, String>>, XRayError> {
        let object = match self.get(name) {
            None => return Ok(None),
            Some(Value::Object(object)) => object.clone(),
            Some(other) => return Err(wrong_type(other, "map")),
        };
        if object.len() > max {
            self.violated(name, &format!("Member must have length less than or equal to {max}"));
        }
        let mut texts = BTreeMap::new();
        for (key, value) in object {
            let Value::String(value) = value else { return Err(wrong_type(&value, "String")) };
            if !is_within(&key, longest) {
                let bounds = between(longest);
                self.violated(name, &format!("Map keys must satisfy constraint: {bounds}"));
            }
            if !is_within(&value, longest) {
                let bounds = between(longest);
                self.violated(name, &format!("Map value must satisfy constraint: {bounds}"));
            }
            texts.insert(key, value);
        }
        Ok(Some(texts))
    }

    /// A list of at most `max` texts of 1 to `longest` characters, which must be there.
    pub(crate) fn required_short_texts(
        &mut self,
        name: &str,
        max: usize,
        longest: usize,
    ) -> Result<Vec<String>, XRayError> {
        let texts = self.required_texts(name)?;
        if texts.len() > max {
            self.violated(name, &format!("Member must have length less than or equal to {max}"));
        }
        if !texts.iter().all(|text| is_within(text, longest)) {
            self.violated(name, &format!("Member must satisfy constraint: {}", between(longest)));
        }
        Ok(texts)
    }

    /// A count: zero when absent, since some clients leave it out. The model's integers have 32 bits.
    pub(crate) fn count(&mut self, name: &str) -> Result<u64, XRayError> {
        let value = self.integer(name)?.unwrap_or(0);
        if value < 0 {
            self.violated(name, "Member must have value greater than or equal to 0");
        }
        Ok(u64::try_from(value).unwrap_or(0).min(i32::MAX as u64))
    }

    /// An instant: epoch seconds with a fraction, or ISO 8601.
    pub(crate) fn instant(&self, name: &str) -> Result<Option<Timestamp>, XRayError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64().map(Timestamp::from_seconds)),
            Some(Value::String(text)) => match text.parse::<jiff::Timestamp>() {
                Ok(instant) => Ok(Some(Timestamp(instant.as_microsecond()))),
                Err(_) => text.parse().map(|seconds| Some(Timestamp::from_seconds(seconds))).map_err(|_| {
                    XRayError::Serialization(format!("{text:?} can not be converted to a Timestamp").into())
                }),
            },
            Some(other) => Err(wrong_type(other, "Timestamp")),
        }
    }

    pub(crate) fn required_instant(&mut self, name: &str) -> Result<Timestamp, XRayError> {
        let instant = self.instant(name)?;
        if instant.is_none() {
            self.missing(name);
        }
        Ok(instant.unwrap_or_default())
    }

    fn array(&self, name: &str) -> Result<Option<&Vec<Value>>, XRayError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(XRayError::Serialization("Expected list or null".into())),
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, XRayError> {
        let Some(items) = self.array(name)? else { return Ok(None) };
        let texts = items.iter().map(|item| match item {
            Value::String(text) => Ok(text.clone()),
            other => Err(wrong_type(other, "String")),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    pub(crate) fn required_texts(&mut self, name: &str) -> Result<Vec<String>, XRayError> {
        let texts = self.texts(name)?;
        if texts.is_none() {
            self.missing(name);
        }
        Ok(texts.unwrap_or_default())
    }

    /// A list of objects of at most `max`, each read by `read`; `None` when absent.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        max: usize,
        mut read: impl FnMut(&mut Members<'_>) -> Result<T, XRayError>,
    ) -> Result<Option<Vec<T>>, XRayError> {
        let Some(items) = self.array(name)?.cloned() else { return Ok(None) };
        if items.len() > max {
            self.violated(name, &format!("Member must have length less than or equal to {max}"));
        }
        let mut read_items = Vec::with_capacity(items.len().min(max));
        for (index, item) in items.iter().enumerate().take(max) {
            let Value::Object(object) = item else { return Err(wrong_type(item, "structure")) };
            let path = format!("{}{}.{}.member.", self.path, lower_first(name), index + 1);
            read_items.push(read(&mut Members { path, object, violations: self.violations })?);
        }
        Ok(Some(read_items))
    }

    /// As [`objects`](Self::objects), of a list that must be there.
    pub(crate) fn required_objects<T>(
        &mut self,
        name: &str,
        max: usize,
        read: impl FnMut(&mut Members<'_>) -> Result<T, XRayError>,
    ) -> Result<Vec<T>, XRayError> {
        let objects = self.objects(name, max, read)?;
        if objects.is_none() {
            self.missing(name);
        }
        Ok(objects.unwrap_or_default())
    }

    /// A nested object; `None` when absent.
    pub(crate) fn nested<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Members<'_>) -> Result<T, XRayError>,
    ) -> Result<Option<T>, XRayError> {
        let object = match self.get(name) {
            None => return Ok(None),
            Some(Value::Object(object)) => object.clone(),
            Some(other) => return Err(wrong_type(other, "structure")),
        };
        let path = format!("{}{}.", self.path, lower_first(name));
        read(&mut Members { path, object: &object, violations: self.violations }).map(Some)
    }
}

/// An operation that takes nothing; the body has to be an object all the same, or empty.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Read for Nothing {
    fn read(_: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self)
    }
}

/// A page of a list; the service gives everything on the first and ignores the token.
#[derive(Debug)]
pub(crate) struct AnyPage;

impl Read for AnyPage {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        members.text("NextToken")?;
        Ok(Self)
    }
}
