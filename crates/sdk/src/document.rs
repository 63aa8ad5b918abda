//! A record as JSON, its members in a fixed order.
//!
//! The ids come first: AWS's daemon names a refused document by the first `"id":"…"` and `"trace_id":"…"` it finds.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write as _;

use wire::quote::quote;

use crate::cell::Trunk;
use crate::clock::Anchor;
use crate::record::{Extra, HttpRequest, Metadata, Namespace, Record, Sql, State};
use crate::value::{self, cut_bytes};

/// What is the same for all segments of the process, as JSON. Plugins may add to it at any time.
#[derive(Debug, Default, Clone)]
pub(crate) struct Facts {
    pub(crate) origin: Option<&'static str>,
    /// The `service` block.
    pub(crate) service: String,
    /// Members of the `aws` block, each with a comma before it: what plugins found.
    pub(crate) aws: String,
    /// The working directory, for causes.
    pub(crate) directory: String,
}

/// How much of a record is left out so that it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trim {
    Nothing,
    /// Metadata values above so many bytes.
    Metadata(usize),
    /// All metadata, query text, and most of each message.
    All,
}

/// What is written of a record, whichever document it lands in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Parts {
    pub(crate) start: usize,
    /// Where name and times end: an independent subsegment has its parent there.
    pub(crate) middle: usize,
    pub(crate) end: usize,
}

/// As whom a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Segment,
    /// A subsegment in a document of its own.
    Independent,
    Nested,
}

/// What a document adds to the parts: ids, type and brackets.
pub(crate) const MAX_AROUND_BYTES: usize = 160;

/// Writes a member's name and colon, after a comma.
fn member(out: &mut Vec<u8>, name: &str) {
    out.extend(b",\"");
    out.extend(name.as_bytes());
    out.extend(b"\":");
}

fn display(out: &mut Vec<u8>, value: impl Display) {
    let written = write!(out, "{value}");
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    member(out, name);
    quote(value, out);
}

/// Makes of `,"a":1,"b":2` behind `start` an object.
fn close(out: &mut Vec<u8>, start: usize) {
    match out.get_mut(start) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}

fn time(out: &mut Vec<u8>, name: &str, micros: i64) {
    member(out, name);
    // Before 1970 there were no requests.
    let micros = micros.max(0);
    display(out, format_args!("{}.{:06}", micros / 1_000_000, micros % 1_000_000));
}

/// Opens a document or an element: what comes before the parts.
pub(crate) fn open(out: &mut Vec<u8>, record: &Record, trunk: &Trunk, role: Role) {
    display(out, format_args!("{{\"id\":\"{}\"", record.id));
    if role != Role::Nested {
        display(out, format_args!(",\"trace_id\":\"{}\"", trunk.trace_id));
    }
}

/// What comes between the parts.
pub(crate) fn middle(out: &mut Vec<u8>, record: &Record, role: Role) {
    if role == Role::Nested {
        return;
    }
    if let Some(parent) = record.parent {
        display(out, format_args!(",\"parent_id\":\"{parent}\""));
    }
    if role == Role::Independent {
        out.extend(b",\"type\":\"subsegment\"");
    }
}

/// Writes both parts of a record. `trunk` is given for the segment itself.
pub(crate) fn parts(
    out: &mut Vec<u8>,
    record: &Record,
    anchor: Anchor,
    segment: Option<(&Trunk, &Facts)>,
    directory: &str,
    trim: Trim,
) -> Parts {
    let start = out.len();
    text(out, "name", &value::name(Cow::Borrowed(&record.name)));
    time(out, "start_time", anchor.micros(record.start));
    match record.end {
        Some(end) => time(out, "end_time", anchor.micros(end.max(record.start))),
        None => out.extend(b",\"in_progress\":true"),
    }
    let middle = out.len();
    let state = &record.state;
    match state.namespace {
        Some(Namespace::Aws) => out.extend(b",\"namespace\":\"aws\""),
        Some(Namespace::Remote) => out.extend(b",\"namespace\":\"remote\""),
        None => {}
    }
    for (flag, name) in [(state.fault, "fault"), (state.error, "error"), (state.throttle, "throttle")] {
        if flag {
            member(out, name);
            out.extend(b"true");
        }
    }
    let none = Extra::default();
    let extra = state.extra.as_deref().unwrap_or(&none);
    cause(out, extra, directory, trim);
    http(out, extra);
    aws(out, extra, segment);
    if let Some(sql) = &extra.sql {
        write_sql(out, sql, trim);
    }
    if let Some(user) = &extra.user {
        text(out, "user", user);
    }
    if let Some((_, facts)) = segment {
        if let Some(origin) = facts.origin {
            text(out, "origin", origin);
        }
        member(out, "service");
        out.extend(facts.service.as_bytes());
    }
    annotations(out, state);
    metadata(out, &extra.metadata, trim);
    links(out, extra);
    Parts { start, middle, end: out.len() }
}

fn cause(out: &mut Vec<u8>, extra: &Extra, directory: &str, trim: Trim) {
    const TRIMMED_MESSAGE_BYTES: usize = 200;
    if extra.exceptions.is_empty() {
        if let Some(known) = extra.passed_on {
            text(out, "cause", &known.to_string());
        }
        return;
    }
    member(out, "cause");
    let start = out.len();
    text(out, "working_directory", directory);
    member(out, "exceptions");
    let mut separator = b'[';
    for (index, exception) in extra.exceptions.iter().enumerate() {
        out.push(separator);
        separator = b',';
        let start = out.len();
        text(out, "id", &exception.id.to_string());
        let most = if trim == Trim::All { TRIMMED_MESSAGE_BYTES } else { usize::MAX };
        text(out, "message", cut_bytes(&exception.message, most));
        text(out, "type", &exception.kind);
        if exception.remote {
            out.extend(b",\"remote\":true");
        }
        if let Some(frame) = exception.frame {
            member(out, "stack");
            out.push(b'[');
            let start = out.len();
            text(out, "path", frame.file());
            member(out, "line");
            display(out, frame.line());
            text(out, "label", frame.file());
            close(out, start);
            out.push(b']');
        }
        // A source has no frame of its own: that is how the next error is told from it.
        if let Some(source) = extra.exceptions.get(index + 1).filter(|source| source.frame.is_none()) {
            text(out, "cause", &source.id.to_string());
        }
        close(out, start);
    }
    out.push(b']');
    close(out, start);
}

fn http(out: &mut Vec<u8>, extra: &Extra) {
    if extra.request.is_none() && extra.response.is_none() {
        return;
    }
    member(out, "http");
    let start = out.len();
    if let Some(HttpRequest { method, url, user_agent, client_ip, x_forwarded_for }) = &extra.request {
        member(out, "request");
        let start = out.len();
        text(out, "method", method);
        text(out, "url", url);
        for (name, value) in [("user_agent", user_agent), ("client_ip", client_ip)] {
            if let Some(value) = value {
                text(out, name, value);
            }
        }
        if *x_forwarded_for {
            out.extend(b",\"x_forwarded_for\":true");
        }
        close(out, start);
    }
    if let Some(response) = extra.response {
        member(out, "response");
        let start = out.len();
        member(out, "status");
        display(out, response.status);
        if let Some(length) = response.content_length {
            member(out, "content_length");
            display(out, length);
        }
        close(out, start);
    }
    close(out, start);
}

fn aws(out: &mut Vec<u8>, extra: &Extra, segment: Option<(&Trunk, &Facts)>) {
    if extra.aws.is_empty() && segment.is_none() {
        return;
    }
    member(out, "aws");
    let start = out.len();
    for (key, json) in &extra.aws {
        out.push(b',');
        quote(key, out);
        out.push(b':');
        out.extend(json);
    }
    if let Some((trunk, facts)) = segment {
        out.extend(facts.aws.as_bytes());
        member(out, "xray");
        let start = out.len();
        text(out, "sdk", "Fluoro for Rust");
        text(out, "sdk_version", env!("CARGO_PKG_VERSION"));
        if let Some(rule) = &trunk.rule {
            text(out, "sampling_rule_name", rule);
        }
        close(out, start);
    }
    close(out, start);
}

fn write_sql(out: &mut Vec<u8>, sql: &Sql, trim: Trim) {
    member(out, "sql");
    let start = out.len();
    let members = [
        ("url", sql.url.as_deref()),
        ("user", sql.user.as_deref()),
        ("database_type", sql.database_type.as_deref()),
        ("database_version", sql.database_version.as_deref()),
        ("driver_version", sql.driver_version.as_deref()),
        ("preparation", Some("statement")),
        ("sanitized_query", sql.sanitized_query.as_deref().filter(|_| trim != Trim::All)),
    ];
    for (name, value) in members {
        if let Some(value) = value {
            text(out, name, value);
        }
    }
    close(out, start);
}

fn annotations(out: &mut Vec<u8>, state: &State) {
    if state.annotations.is_empty() {
        return;
    }
    member(out, "annotations");
    let start = out.len();
    for (key, value) in &state.annotations {
        member(out, key);
        value.write(out);
    }
    close(out, start);
}

/// As Lambda writes them for the messages of a batch.
fn links(out: &mut Vec<u8>, extra: &Extra) {
    if extra.links.is_empty() {
        return;
    }
    member(out, "links");
    let mut separator = b'[';
    for (trace, entity) in &extra.links {
        out.push(separator);
        separator = b',';
        let start = out.len();
        text(out, "trace_id", &trace.to_string());
        if let Some(entity) = entity {
            text(out, "id", &entity.to_string());
        }
        out.extend(br#","attributes":{"aws.xray.reserved.reference_type":"parent"}"#);
        close(out, start);
    }
    out.push(b']');
}

fn metadata(out: &mut Vec<u8>, metadata: &[Metadata], trim: Trim) {
    if metadata.is_empty() {
        return;
    }
    member(out, "metadata");
    let outer = out.len();
    for (index, first) in metadata.iter().enumerate() {
        let in_it = |other: &&Metadata| other.namespace == first.namespace;
        if metadata[..index].iter().any(|other| in_it(&other)) {
            continue;
        }
        out.push(b',');
        quote(&first.namespace, out);
        out.push(b':');
        let start = out.len();
        for Metadata { key, json, .. } in metadata.iter().filter(in_it) {
            out.push(b',');
            quote(cut_bytes(key, 1_000), out);
            out.push(b':');
            let most = match trim {
                Trim::Nothing => usize::MAX,
                Trim::Metadata(most) => most,
                Trim::All => 0,
            };
            if json.len() > most {
                display(out, format_args!("{{\"truncated_bytes\":{}}}", json.len()));
            } else {
                out.extend(json);
            }
        }
        close(out, start);
    }
    close(out, outer);
}
