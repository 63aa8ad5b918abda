//! The two ids of a document, for the log line of one that was refused: nothing else looks inside.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// What identifies a document. The AWS daemon looks for it with a pattern that misses what has white space,
/// and may find a subsegment's (docs/aws-daemon.md A5).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) id: Option<String>,
    pub(crate) trace_id: Option<String>,
}

/// Reads as far as the text is JSON.
pub(crate) fn ids(document: &str) -> Ids {
    let mut ids = Ids::default();
    let mut deserializer = serde_json::Deserializer::from_str(document);
    // What was found before the text went wrong still helps.
    let _ = deserializer.deserialize_map(IdsVisitor(&mut ids));
    ids
}

struct IdsVisitor<'a>(&'a mut Ids);

impl<'de> Visitor<'de> for IdsVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            let field = match key.as_str() {
                "id" => &mut self.0.id,
                "trace_id" => &mut self.0.trace_id,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if let Maybe(Some(text)) = members.next_value::<Maybe>()? {
                *field = Some(text);
            }
        }
        Ok(())
    }
}

/// A string, or something else that does not matter.
#[derive(Deserialize)]
#[serde(from = "Either")]
struct Maybe(Option<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Either {
    Text(String),
    Other(IgnoredAny),
}

impl From<Either> for Maybe {
    fn from(either: Either) -> Self {
        match either {
            Either::Text(text) => Self(Some(text)),
            Either::Other(_) => Self(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, id: Option<&str>, trace_id: Option<&str>) {
        let expected = Ids { id: id.map(str::to_owned), trace_id: trace_id.map(str::to_owned) };
        assert_eq!(ids(document), expected, "{document}");
    }

    #[test]
    fn ids_are_those_of_the_document_itself() {
        check(r#"{"id":"a","trace_id":"t"}"#, Some("a"), Some("t"));
        check(r#"{"id": "a", "name": "n", "trace_id": "t"}"#, Some("a"), Some("t"));
        check(
            r#"{"subsegments":[{"id":"b","trace_id":"u"}],"trace_id" : "t","id":"a"}"#,
            Some("a"),
            Some("t"),
        );
        check(r#"{"metadata":{"id":"b"},"name":"\"id\":\"c\""}"#, None, None);
        check(r#"{"id":5,"trace_id":"t"}"#, None, Some("t"));
    }

    #[test]
    fn what_is_no_json_gives_what_was_found_before() {
        check(r#"{"id":"a","trace_id":"t","name":"cut"#, Some("a"), Some("t"));
        check("not json", None, None);
        check("", None, None);
        check("[]", None, None);
    }
}
