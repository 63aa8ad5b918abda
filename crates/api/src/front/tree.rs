//! What an operation takes and gives, whatever the wire form: CloudWatch and SNS say the same in JSON, forms, XML and CBOR.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::Timestamp;

/// A value. Forms know texts alone, so whoever reads a number or an instant takes a text too.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Tree {
    /// Is as if it was not there.
    #[default]
    Null,
    Flag(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    Instant(Timestamp),
    List(Vec<Tree>),
    /// In the order in which it is written.
    Object(Vec<(Cow<'static, str>, Tree)>),
    /// Values by names that are the caller's: an object in JSON, and entries in XML.
    Map(BTreeMap<String, Tree>),
}

impl Tree {
    /// An object of these members, without those that are null.
    pub(crate) fn object(members: impl IntoIterator<Item = (&'static str, Tree)>) -> Self {
        let members = members.into_iter().filter(|(_, value)| *value != Self::Null);
        Self::Object(members.map(|(name, value)| (Cow::Borrowed(name), value)).collect())
    }

    /// A list of what stands in it.
    pub(crate) fn list<T: Into<Tree>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// The member of an object; nothing where it is null.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        let found = members.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value).filter(|value| **value != Self::Null)
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Tree {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Tree {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<f64> for Tree {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Tree {
    fn from(number: u32) -> Self {
        Self::Whole(i64::from(number))
    }
}

impl From<Timestamp> for Tree {
    fn from(instant: Timestamp) -> Self {
        Self::Instant(instant)
    }
}

impl<T: Into<Tree>> From<Option<T>> for Tree {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
