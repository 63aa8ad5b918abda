//! Traces grouped by one of their properties: count, share, average response time, outcomes.

mod url;

use std::collections::HashMap;
use std::fmt::Write;

use model::digest::RootCause;
use model::minute::Counts;
use model::segment::AnnotationValue;
use model::{Micros, NodeKind, Sketch, TraceDigest};

use super::compare::Field;
use crate::filter::{AnnotationName, Quoted};
pub(crate) use url::{UrlSlice, entry as url_entry};

/// What traces are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// Method and path, without query, with ids in the path replaced by `*`.
    Url,
    Status,
    Method,
    User,
    Service,
    /// The path of the first fault root cause.
    RootCause,
    Annotation(String),
    /// Any other field by which traces are compared.
    Field(Field),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// `None` for traces that have no such property.
    pub value: Option<String>,
    /// A filter expression that selects the slice, where the language can say it. That of a root cause
    /// also selects causes that hold the same path among more.
    pub filter: Option<String>,
    pub counts: Counts,
    /// Of all traces given, 0 to 1. A trace with several values counts in each.
    pub share: f64,
    pub average_response_time: Option<Micros>,
    pub p99_response_time: Option<Micros>,
}

/// A breakdown in the making, for traces that come one by one.
#[derive(Debug)]
pub struct Breakdown {
    by: Dimension,
    traces: u64,
    slices: HashMap<Key, Sums>,
}

/// Values that look alike but are of different types are different slices.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Key {
    value: Option<String>,
    /// Empty for URLs, whose filter is known at the end.
    filter: String,
}

#[derive(Debug, Default)]
struct Sums {
    counts: Counts,
    response_time_total: u64,
    response_times: Sketch,
    urls: UrlSlice,
}

/// The slices by count, descending, then by value.
pub fn breakdown<'a>(digests: impl IntoIterator<Item = &'a TraceDigest>, by: &Dimension) -> Vec<Slice> {
    let mut breakdown = Breakdown::new(by.clone());
    for digest in digests {
        breakdown.add(digest);
    }
    breakdown.finish()
}

impl Breakdown {
    pub fn new(by: Dimension) -> Self {
        Self { by, traces: 0, slices: HashMap::new() }
    }

    pub fn add(&mut self, digest: &TraceDigest) {
        self.traces += 1;
        let mut keys = keys(&self.by, digest);
        if keys.is_empty() {
            keys.push(Key { value: None, filter: absent(&self.by) });
        }
        for key in keys {
            let sums = self.slices.entry(key).or_default();
            sums.counts.add(digest.flags().outcome(), 1);
            if let Some(time) = digest.response_time() {
                sums.response_time_total = sums.response_time_total.saturating_add(time.0);
                sums.response_times.insert(time);
            }
            if self.by == Dimension::Url {
                sums.urls.add(digest);
            }
        }
    }

    /// The slices by count, descending, then by value.
    pub fn finish(self) -> Vec<Slice> {
        let traces = self.traces as f64;
        let slice = |(key, sums): (Key, Sums)| {
            let filter = if key.filter.is_empty() { sums.urls.filter() } else { Some(key.filter) };
            let timed = u64::try_from(sums.response_times.count()).unwrap_or(0);
            Slice {
                value: key.value,
                filter,
                counts: sums.counts,
                share: sums.counts.total() as f64 / traces,
                average_response_time: sums.response_time_total.checked_div(timed).map(Micros),
                p99_response_time: sums.response_times.quantile(0.99),
            }
        };
        let mut slices: Vec<Slice> = self.slices.into_iter().map(slice).collect();
        slices.sort_by(|a, b| {
            let by_count = b.counts.total().cmp(&a.counts.total());
            by_count.then_with(|| a.value.cmp(&b.value)).then_with(|| a.filter.cmp(&b.filter))
        });
        slices
    }
}

/// The slices that a trace belongs to, each once; none where it lacks the property.
fn keys(by: &Dimension, digest: &TraceDigest) -> Vec<Key> {
    let http = digest.root.as_ref().map(|root| &root.http);
    let mut keys = Vec::new();
    let mut push = |value: String, filter: String| {
        let key = Key { value: Some(value), filter };
        if !keys.contains(&key) {
            keys.push(key);
        }
    };
    match by {
        Dimension::Url => {
            if let Some(value) = url::entry(digest) {
                push(value, String::new());
            }
        }
        Dimension::Status => {
            if let Some(status) = http.and_then(|http| http.status) {
                push(status.to_string(), format!("http.status = {status}"));
            }
        }
        Dimension::Method => {
            if let Some(method) = http.and_then(|http| http.method.as_ref()) {
                push(method.clone(), format!("http.method = {}", Quoted(method)));
            }
        }
        Dimension::User => {
            for user in &digest.users {
                push(user.clone(), format!("user = {}", Quoted(user)));
            }
        }
        Dimension::Service => {
            for node in digest.nodes.iter().filter(|node| node.kind != NodeKind::Client) {
                push(node.key.name.clone(), format!("service({})", Quoted(&node.key.name)));
            }
        }
        Dimension::RootCause => {
            if let Some(cause) = digest.fault_causes.first() {
                push(cause_path(cause), cause_filter("fault", cause));
            }
        }
        Dimension::Field(field) => field.each(digest, push),
        Dimension::Annotation(key) => {
            for annotation in digest.annotations.iter().filter(|annotation| annotation.key == *key) {
                let name = AnnotationName(key);
                match &annotation.value {
                    AnnotationValue::String(text) => push(text.clone(), format!("{name} = {}", Quoted(text))),
                    AnnotationValue::Number(number) => push(number.to_string(), format!("{name} = {number}")),
                    AnnotationValue::Boolean(value) => push(value.to_string(), format!("{name} = {value}")),
                }
            }
        }
    }
    keys
}

/// The filter for traces without the property.
fn absent(by: &Dimension) -> String {
    match by {
        Dimension::Url => "!http.url".to_owned(),
        Dimension::Status => "!http.status".to_owned(),
        Dimension::Method => "!http.method".to_owned(),
        Dimension::User => "!user".to_owned(),
        Dimension::Service => "!service()".to_owned(),
        // An index is always there, so this is any cause.
        Dimension::RootCause => "!rootcause.fault.service { index >= 0 }".to_owned(),
        Dimension::Annotation(key) => Field::Annotation(key.clone()).absent(),
        Dimension::Field(field) => field.absent(),
    }
}

/// The services on the way to the cause, and the exception at its end.
pub(crate) fn cause_path(cause: &RootCause) -> String {
    let names: Vec<&str> = cause.services.iter().map(|service| service.key.name.as_str()).collect();
    let mut path = names.join(" → ");
    let entities = cause.services.iter().flat_map(|service| &service.entities);
    let exceptions = entities.flat_map(|entity| &entity.exceptions);
    if let Some(name) = exceptions.last().and_then(|exception| exception.name.as_ref()) {
        let _ = write!(path, ": {name}");
    }
    path
}

/// Naming `Exceptions` leaves out causes of response times, which have none; `rootcause.<kind>` leaves out
/// traces that only have such causes of another kind.
pub(crate) fn cause_filter(kind: &str, cause: &RootCause) -> String {
    let services: Vec<_> = cause
        .services
        .iter()
        .map(|service| {
            let entities: Vec<_> = service
                .entities
                .iter()
                .map(|entity| {
                    let exceptions: Vec<_> = entity
                        .exceptions
                        .iter()
                        .map(|exception| serde_json::json!({ "Name": exception.name }))
                        .collect();
                    match kind {
                        "responsetime" => serde_json::json!({ "Name": entity.name }),
                        _ => serde_json::json!({ "Name": entity.name, "Exceptions": exceptions }),
                    }
                })
                .collect();
            serde_json::json!({ "Name": service.key.name, "Type": service.key.kind, "EntityPath": entities })
        })
        .collect();
    let template = serde_json::json!({ "Services": services });
    format!("rootcause.{kind}.service {{ index >= 0 }} AND rootcause.json = #[{template}]")
}

#[cfg(test)]
mod tests;
