//! The tracing header `X-Amzn-Trace-Id`.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use model::{EntityId, TraceId};

use crate::limits::MAX_HEADER_EXTRAS_BYTES;

/// A tracing header. `Display` writes it in the order that every SDK expects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TraceHeader {
    pub root: Option<TraceId>,
    /// The subsegment (or segment) that makes the request.
    pub parent: Option<EntityId>,
    /// `None` leaves the decision to the receiver, who need not tell.
    pub sampled: Option<Sampled>,
    /// By which AWS services notice loops: to be carried on, never read or made.
    pub lineage: Option<String>,
    /// Any other pairs but `Self`, as they came.
    pub extras: Vec<(String, String)>,
}

/// The caller's decision on whether to record the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sampled {
    Yes,
    No,
    /// The receiver decides and says so in its response header.
    Ask,
}

/// The header is to be treated as if there were none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderError {
    Nothing,
    InvalidRoot,
}

impl Error for HeaderError {}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "the tracing header has no Root, Parent or Sampled",
            Self::InvalidRoot => "the Root of the tracing header is not a trace id",
        })
    }
}

impl FromStr for TraceHeader {
    type Err = HeaderError;

    /// As liberal as the SDKs together: keys in any case, white space around the parts, a repeated key
    /// counts as it came last, and a part that cannot be read is left out. Only a `Root` that is no trace id
    /// spoils the header, because a trace must not go on under an id that others cannot know.
    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let mut header = Self::default();
        let mut extras_bytes = 0;
        let pairs = text.split(';').filter_map(|part| part.split_once('='));
        for (key, value) in pairs.map(|(key, value)| (key.trim(), value.trim())) {
            if key.eq_ignore_ascii_case("root") {
                header.root = Some(value.parse().map_err(|_| HeaderError::InvalidRoot)?);
            } else if key.eq_ignore_ascii_case("parent") {
                header.parent = value.parse().ok();
            } else if key.eq_ignore_ascii_case("sampled") {
                header.sampled = Sampled::read(value);
            } else if key.eq_ignore_ascii_case("self") || key.is_empty() {
                // A load balancer's own hop, not to be carried on.
            } else {
                extras_bytes += key.len() + value.len();
                if extras_bytes <= MAX_HEADER_EXTRAS_BYTES && is_safe(key) && is_safe(value) {
                    header.keep(key, value);
                }
            }
        }
        if header.root.is_none() && header.parent.is_none() && header.sampled.is_none() {
            return Err(HeaderError::Nothing);
        }
        Ok(header)
    }
}

impl TraceHeader {
    fn keep(&mut self, key: &str, value: &str) {
        if key.eq_ignore_ascii_case("lineage") {
            self.lineage = Some(value.to_owned());
            return;
        }
        match self.extras.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => value.clone_into(known),
            None => self.extras.push((key.to_owned(), value.to_owned())),
        }
    }
}

impl fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut write = |key: &str, value: &dyn fmt::Display| {
            write!(f, "{separator}{key}={value}")?;
            separator = ";";
            Ok(())
        };
        if let Some(root) = &self.root {
            write("Root", root)?;
        }
        if let Some(parent) = &self.parent {
            write("Parent", parent)?;
        }
        if let Some(sampled) = &self.sampled {
            write("Sampled", sampled)?;
        }
        if let Some(lineage) = &self.lineage {
            write("Lineage", lineage)?;
        }
        self.extras.iter().try_for_each(|(key, value)| write(key, value))
    }
}

impl Sampled {
    fn read(text: &str) -> Option<Self> {
        match text {
            "1" => Some(Self::Yes),
            "0" => Some(Self::No),
            "?" => Some(Self::Ask),
            _ => None,
        }
    }
}

impl fmt::Display for Sampled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "1",
            Self::No => "0",
            Self::Ask => "?",
        })
    }
}

/// What is carried on must not be able to start a header of its own.
fn is_safe(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

    #[track_caller]
    fn check(text: &str, expected: Result<&str, HeaderError>) {
        let written = text.parse::<TraceHeader>().map(|header| header.to_string());
        assert_eq!(written.as_deref().map_err(|error| *error), expected, "{text}");
    }

    #[test]
    fn a_header_is_written_in_the_order_of_the_sdks() {
        let whole = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
        check(&whole, Ok(&whole));
        check(&format!("Sampled=1;Parent=53995c3f42cd8ad8;Root={ROOT}"), Ok(&whole));
        check(&format!("root={ROOT}; parent=53995c3f42cd8ad8; SAMPLED = 1"), Ok(&whole));
        check(&format!("Root={ROOT}"), Ok(&format!("Root={ROOT}")));
        check("Sampled=?", Ok("Sampled=?"));
    }

    #[test]
    fn lineage_and_other_pairs_survive_and_self_does_not() {
        check(
            &format!(
                "Self=1-67891234-12456789abcdef012345678;Root={ROOT};Lineage=a87bd80c:1|68fd508a:5;k=v=w"
            ),
            Ok(&format!("Root={ROOT};Lineage=a87bd80c:1|68fd508a:5;k=v=w")),
        );
        check(&format!("Root={ROOT};k=1;k=2"), Ok(&format!("Root={ROOT};k=2")));
        check(&format!("Root={ROOT};k=a\r\nSet-Cookie: x"), Ok(&format!("Root={ROOT}")));
        let long = "x".repeat(MAX_HEADER_EXTRAS_BYTES);
        check(&format!("Root={ROOT};k={long}"), Ok(&format!("Root={ROOT}")));
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        check(&format!("Root={ROOT};Parent=short;Sampled=2;;=;junk"), Ok(&format!("Root={ROOT}")));
        check(
            &format!("Root={};Sampled=0", "5759e988bd862e3fe1be46a994272793"),
            Ok(&format!("Root={ROOT};Sampled=0")),
        );
    }

    #[test]
    fn a_header_that_says_nothing_or_names_no_trace_is_none() {
        check("", Err(HeaderError::Nothing));
        check("garbage", Err(HeaderError::Nothing));
        check("k=v", Err(HeaderError::Nothing));
        check("Root=1-5759e988-zzz;Sampled=1", Err(HeaderError::InvalidRoot));
    }
}
