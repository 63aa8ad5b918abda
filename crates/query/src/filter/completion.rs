//! What could be written next: from the grammar, and from what traces were seen to hold.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use model::property::Text;
use model::segment::AnnotationValue;
use model::{NodeKind, TraceDigest, group};

use super::lexer::unfinished;
use super::parser::{Expected, ValueOf, expected_after};
use super::printer::{AnnotationName, Quoted};
use super::syntax::{Scope, TextWord, Word};

/// Completions given at most.
const MAX_COMPLETIONS: usize = 50;
/// Different values that [`Known`] keeps of one kind; later ones are not added.
const MAX_VALUES: usize = 200;
/// What only whole traces can be asked, besides the plain keywords.
const TRACE_CONDITIONS: &[&str] = &[
    "service(",
    "edge(",
    "group.name",
    "rootcause.fault.service {",
    "rootcause.fault.entity {",
    "rootcause.fault.exception {",
    "rootcause.error.service {",
    "rootcause.error.entity {",
    "rootcause.error.exception {",
    "rootcause.responsetime.service {",
    "rootcause.responsetime.entity {",
    "rootcause.json = #[",
];
/// They may stand before any condition, so they are offered last.
const PREFIXES: &[&str] = &["!", "NOT", "("];

/// Names and values to offer, collected from traces; bounded whatever they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    services: BTreeSet<String>,
    types: BTreeSet<String>,
    groups: BTreeSet<String>,
    texts: BTreeMap<Text, BTreeSet<String>>,
    /// Each key with its values, written as in an expression.
    annotations: BTreeMap<String, BTreeSet<String>>,
}

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The bytes of the text that it takes the place of.
    pub replaces: Range<usize>,
    pub text: String,
}

/// What could stand at `cursor`, a byte offset: most useful first. Nothing where the text before it is not
/// the beginning of an expression.
pub fn complete(text: &str, cursor: usize, known: &Known) -> Vec<Completion> {
    let Some(before) = text.get(..cursor) else {
        return Vec::new();
    };
    let (complete, partial) = before.split_at(unfinished(before));
    let mut expected = expected_after(complete);
    let follows_condition = expected.contains(&Expected::Literal("AND"));
    // Any condition may follow another, which would drown all else as long as nothing is written of it.
    let is_noise = |expected: &Expected| {
        follows_condition && partial.is_empty() && matches!(expected, Expected::Condition(_))
    };
    expected.retain(|expected| !is_noise(expected));
    expected.sort_by_key(|expected| match expected {
        Expected::Literal(text) if PREFIXES.contains(text) => 2,
        Expected::Condition(_) if follows_condition => 1,
        _ => 0,
    });
    let mut completions: Vec<Completion> = Vec::new();
    for candidate in expected.iter().flat_map(|expected| known.candidates(expected)) {
        let goes_on = candidate.get(..partial.len()).is_some_and(|head| head.eq_ignore_ascii_case(partial));
        let is_new = candidate != partial && completions.iter().all(|other| other.text != candidate);
        if goes_on && is_new && completions.len() < MAX_COMPLETIONS {
            completions.push(Completion { replaces: complete.len()..cursor, text: candidate });
        }
    }
    completions
}

impl Known {
    /// Remembers what the trace holds.
    pub fn see(&mut self, digest: &TraceDigest) {
        for node in digest.nodes.iter().filter(|node| node.kind != NodeKind::Client) {
            keep(&mut self.services, &node.key.name);
            if let Some(kind) = &node.key.kind {
                keep(&mut self.types, kind);
            }
        }
        for text in Text::ALL {
            let values = self.texts.entry(text).or_default();
            text.each(digest, |value| keep(values, value));
        }
        for (group, _) in &digest.groups {
            keep(&mut self.groups, group::name_of(group));
        }
        for annotation in &digest.annotations {
            let is_full = self.annotations.len() >= MAX_VALUES;
            if !is_full || self.annotations.contains_key(&annotation.key) {
                let values = self.annotations.entry(annotation.key.clone()).or_default();
                keep(values, &literal(&annotation.value));
            }
        }
    }

    /// Groups may be set up that no trace is in.
    pub fn add_group(&mut self, name: &str) {
        keep(&mut self.groups, name);
    }

    fn candidates(&self, expected: &Expected) -> Vec<String> {
        let quoted = |values: &BTreeSet<String>| -> Vec<String> {
            values.iter().map(|value| Quoted(value).to_string()).collect()
        };
        match expected {
            Expected::Literal(text) => vec![(*text).to_owned()],
            Expected::Condition(scope) => self.conditions(*scope),
            Expected::Value(ValueOf::Annotation(key)) => {
                self.annotations.get(key).into_iter().flatten().cloned().collect()
            }
            Expected::Value(ValueOf::Group) => quoted(&self.groups),
            Expected::Value(ValueOf::Word(word)) => match word {
                TextWord::Name => quoted(&self.services),
                TextWord::Type => quoted(&self.types),
                TextWord::Of(text) => self.texts.get(text).map(quoted).unwrap_or_default(),
                TextWord::Message => Vec::new(),
            },
        }
    }

    fn conditions(&self, scope: Scope) -> Vec<String> {
        let words = Word::all().filter(|word| word.scopes().contains(&scope));
        let mut conditions: Vec<String> = words.map(|word| word.text().to_owned()).collect();
        if matches!(scope, Scope::Trace | Scope::Node) {
            conditions.extend(self.annotations.keys().map(|key| AnnotationName(key).to_string()));
        }
        if scope == Scope::Trace {
            conditions.extend(TRACE_CONDITIONS.iter().map(|&condition| condition.to_owned()));
            conditions.extend(self.services.iter().map(|name| format!("service({})", Quoted(name))));
        }
        conditions
    }
}

fn keep(values: &mut BTreeSet<String>, value: &str) {
    if values.len() < MAX_VALUES && !values.contains(value) {
        values.insert(value.to_owned());
    }
}

fn literal(value: &AnnotationValue) -> String {
    match value {
        AnnotationValue::String(text) => Quoted(text).to_string(),
        AnnotationValue::Number(number) => number.to_string(),
        AnnotationValue::Boolean(boolean) => boolean.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use model::NodeKey;
    use model::digest::NodeDigest;
    use model::segment::Annotation;

    use super::*;
    use crate::testing::blank_digest;

    fn known() -> Known {
        let mut digest = blank_digest();
        digest.users = vec!["eve".to_owned(), "ann \"q\"".to_owned()];
        let annotation = |key: &str, value| Annotation { key: key.to_owned(), value };
        digest.annotations = vec![
            annotation("tenant", AnnotationValue::String("acme".to_owned())),
            annotation("tenant", AnnotationValue::Number(7.0)),
            annotation("http.route", AnnotationValue::Boolean(true)),
        ];
        let key = NodeKey {
            name: "orders".to_owned(),
            kind: Some("AWS::DynamoDB::Table".to_owned()),
            account: None,
        };
        digest.nodes = vec![NodeDigest {
            key,
            kind: NodeKind::Aws,
            is_root: false,
            delay_millis: None,
            requests: Vec::new(),
        }];
        let mut known = Known::default();
        known.see(&digest);
        known
    }

    /// The cursor stands where the text has a `|`; the completions as the texts that they lead to.
    fn check<T: AsRef<str>>(text: &str, expected: &[T]) {
        let cursor = text.find('|').expect("a cursor");
        let text = text.replacen('|', "", 1);
        let found: Vec<String> = complete(&text, cursor, &known())
            .into_iter()
            .map(|completion| {
                let mut text = text.clone();
                text.replace_range(completion.replaces, &completion.text);
                text
            })
            .collect();
        let expected: Vec<&str> = expected.iter().map(AsRef::as_ref).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn keywords_are_offered_by_their_beginning() {
        check("FAU|", &["fault"]);
        check("ok AND resp|", &["ok AND responsetime"]);
        check("!http.u|", &["!http.url", "!http.useragent"]);
        check("fault us|", &["fault user"]);
        check("gr| AND ok", &["group.name AND ok"]);
    }

    #[test]
    fn only_what_a_block_understands_is_offered_in_it() {
        check(r#"service("a") { r|"#, &[r#"service("a") { root"#, r#"service("a") { responsetime"#]);
        check("rootcause.fault.exception { m|", &["rootcause.fault.exception { message"]);
    }

    #[test]
    fn what_can_follow_a_condition_is_offered_after_it() {
        let after_user = ["CONTAINS", "BEGINSWITH", "ENDSWITH", "=", "!=", "AND", "OR"];
        check("user |", &after_user.map(|next| format!("user {next}")));
        check(
            "fault A|",
            &[
                "fault AND",
                "fault availabilityzone",
                "fault account.id",
                "fault annotation[http.route]",
                "fault annotation.tenant",
            ],
        );
        check("user C|", &["user CONTAINS"]);
        check("fault = |", &["fault = true", "fault = false"]);
    }

    #[test]
    fn values_that_were_seen_are_offered() {
        check("user = |", &[r#"user = "ann \"q\"""#, r#"user = "eve""#]);
        check(r#"user = "e|"#, &[r#"user = "eve""#]);
        check(
            "annotation.tenant = |",
            &[
                r#"annotation.tenant = "acme""#,
                "annotation.tenant = 7",
                "annotation.tenant = true",
                "annotation.tenant = false",
            ],
        );
        check("service(|", &[r#"service("orders""#, "service(id", "service()"]);
        check(r#"service("o|"#, &[r#"service("orders""#]);
        check("service(id(|", &["service(id(name:", "service(id(type:", "service(id(account.id:"]);
        check("service(id(type: |", &[r#"service(id(type: "AWS::DynamoDB::Table""#]);
    }

    #[test]
    fn annotations_that_were_seen_are_offered() {
        check("annotation.t|", &["annotation.tenant"]);
        check("ok annotation[|", &["ok annotation[http.route]"]);
        check("annotation|", &["annotation[http.route]", "annotation.tenant"]);
    }

    #[test]
    fn nothing_is_offered_where_no_expression_begins() {
        check::<&str>("ok ) |", &[]);
        check::<&str>("& |", &[]);
        assert_eq!(complete("é", 1, &known()), []);
        assert_eq!(complete("ok", 3, &known()), []);
    }

    #[test]
    fn what_is_known_stays_bounded() {
        let mut known = Known::default();
        let mut digest = blank_digest();
        digest.users = (0..10_000).map(|index| index.to_string()).collect();
        digest.annotations = (0..10_000)
            .map(|index| Annotation { key: format!("k{index}"), value: AnnotationValue::Boolean(true) })
            .collect();
        known.see(&digest);
        assert_eq!((known.texts[&Text::User].len(), known.annotations.len()), (MAX_VALUES, MAX_VALUES));
        assert_eq!(complete("", 0, &known).len(), MAX_COMPLETIONS);
    }
}
