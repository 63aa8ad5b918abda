//! The lines after the first, each an object whose member says what it is.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use settings::portable::Row;

/// As it is read; one of these is there. A document is as `fluoro store export` writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line<'a> {
    /// Of a document, in seconds since 1970.
    pub(crate) received: Option<f64>,
    /// The document, or a string that holds it where it has line breaks.
    #[serde(borrow)]
    pub(crate) document: Option<&'a RawValue>,
    /// Digests and rollups as `row::codec` writes them, in base64.
    #[serde(borrow)]
    pub(crate) commit: Option<Cow<'a, str>>,
    pub(crate) setting: Option<Row>,
    pub(crate) alert: Option<Row>,
    pub(crate) end: Option<End>,
}

/// The last line, without which the file was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// That came before it, the head included.
    pub(crate) lines: u64,
    /// Whether nothing was left out on the way.
    pub(crate) complete: bool,
}
