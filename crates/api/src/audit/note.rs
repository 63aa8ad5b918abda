//! What becomes known of a request on its way, for the line about it: who sends it, what it asks for and of what.

use std::sync::Arc;

use ::auth::Key;
use axum::http::Extensions;
use parking_lot::Mutex;
use serde_json::Value;

use crate::front::tree::Tree;

/// Members that name what is changed. None of them is a secret.
const NAMES: [&str; 18] = [
    "RuleName",
    "RuleARN",
    "GroupName",
    "GroupARN",
    "ResourceARN",
    "PolicyName",
    "AlarmName",
    "AlarmNames",
    "AlarmMuteRuleName",
    "Name",
    "Names",
    "TopicArn",
    "SubscriptionArn",
    "ResourceArn",
    "Destination",
    "name",
    "id",
    "service",
];
/// Those that hold a member with such a name.
const HOLDERS: [&str; 2] = ["SamplingRule", "SamplingRuleUpdate"];

/// Travels with a request that is watched; without one nothing is noted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Note(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
pub(super) struct Noted {
    /// The id and the name of a key.
    pub(super) who: Option<(String, String)>,
    pub(super) operation: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) refused: Option<&'static str>,
}

impl Note {
    pub(super) fn take(&self) -> Noted {
        std::mem::take(&mut self.0.lock())
    }

    pub(crate) fn who(&self, key: &Key) {
        self.0.lock().who = Some((key.id.clone(), key.name.clone()));
    }

    pub(crate) fn refused(&self, why: &'static str) {
        self.0.lock().refused = Some(why);
    }

    /// An operation that the body names, and what it is about.
    pub(crate) fn operation(&self, name: &str, input: &Tree) {
        let mut noted = self.0.lock();
        noted.operation = Some(name.to_owned());
        noted.subject = NAMES.iter().find_map(|name| text_of(input.get(name)?));
    }

    /// What a body of JSON is about.
    pub(crate) fn body(extensions: &Extensions, bytes: &[u8]) {
        let Some(note) = extensions.get::<Self>() else { return };
        let Ok(Value::Object(object)) = serde_json::from_slice(bytes) else { return };
        let held = HOLDERS.iter().filter_map(|holder| object.get(*holder)?.as_object());
        let subject = std::iter::once(&object).chain(held).find_map(|object| {
            NAMES.iter().find_map(|name| match object.get(*name)? {
                Value::String(text) => Some(text.clone()),
                Value::Array(texts) => Some(joined(texts.iter().filter_map(Value::as_str))),
                _ => None,
            })
        });
        note.0.lock().subject = subject;
    }
}

fn text_of(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Text(text) => Some(text.clone()),
        Tree::List(trees) => Some(joined(trees.iter().filter_map(|tree| match tree {
            Tree::Text(text) => Some(text.as_str()),
            _ => None,
        }))),
        _ => None,
    }
}

fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.take(20).collect::<Vec<_>>().join(", ")
}
