//! Digests as rows of `traces`, and out of them again.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::digest::AnnotationSet;
use model::property::{CauseKind, Failure as Failing};
use model::segment::{Annotation, AnnotationValue};
use model::{Timestamp, TraceDigest, TraceId};
use row::codec::{Beside, BesideAnnotations, decode_digest, encode_digest};
use store::Share;

use crate::binary::{Input, Malformed, Output};

pub(crate) const COLUMNS: &str = "share, day, trace_id, revision, start, `end`, last_received, response_time, duration, self_time, flags, \
    http_method, http_url, http_status, services, error_services, throttle_services, fault_services, fault_causes, error_causes, \
    response_time_causes, users, annotation_keys, annotation_values, annotation_types, annotation_sets, digest";
/// What a digest is made of again.
pub(crate) const READ: &str =
    "trace_id, start, annotation_keys, annotation_values, annotation_types, annotation_sets, digest";

/// Bits of `flags`.
pub(crate) mod flag {
    pub(crate) const ROOT: u8 = 1;
    pub(crate) const ERROR: u8 = 2;
    pub(crate) const THROTTLE: u8 = 4;
    pub(crate) const FAULT: u8 = 8;
    /// Somewhere in the trace.
    pub(crate) const ANY_THROTTLE: u8 = 16;
    pub(crate) const PARTIAL: u8 = 32;
    /// Not all annotations are here.
    pub(crate) const CUT: u8 = 64;
}

const MICROS_PER_DAY: i64 = 86_400_000_000;
const STRING: u8 = b's';
const NUMBER: u8 = b'n';
const BOOLEAN: u8 = b'b';

pub(crate) fn write(share: Share, digest: &TraceDigest, output: &mut Output) {
    output.u16(share.0);
    let day = digest.first_received.0.div_euclid(MICROS_PER_DAY);
    output.u16(u16::try_from(day.clamp(0, u16::MAX.into())).unwrap_or_default());
    output.raw(&digest.id.0);
    output.u32(digest.revision);
    output.i64(digest.start.0);
    output.optional(digest.end, |output, end| output.i64(end.0));
    output.i64(digest.last_received.0);
    for time in [digest.response_time(), digest.duration(), digest.self_time()] {
        output.optional(time, |output, time| output.u64(time.0));
    }
    output.u8(flags(digest));
    let http = digest.root.as_ref().map(|root| &root.http);
    output.text(http.and_then(|http| http.method.as_deref()).unwrap_or_default());
    output.text(http.and_then(|http| http.url.as_deref()).unwrap_or_default());
    output.optional(http.and_then(|http| http.status), Output::i64);
    write_names(output, &service_names(digest));
    for failing in [Failing::Error, Failing::Throttle, Failing::Fault] {
        write_names(output, &failing.names(digest));
    }
    for cause in CauseKind::ALL {
        write_names(output, &cause.services(digest).collect());
    }
    output.texts(digest.users.iter());
    output.texts(digest.annotations.iter().map(|annotation| &annotation.key));
    output.texts(digest.annotations.iter().map(|annotation| annotation.value.to_string()));
    output.length(digest.annotations.len());
    for annotation in &digest.annotations {
        output.u8(match annotation.value {
            AnnotationValue::String(_) => STRING,
            AnnotationValue::Number(_) => NUMBER,
            AnnotationValue::Boolean(_) => BOOLEAN,
        });
    }
    output.length(digest.annotation_sets.len() * 2);
    for AnnotationSet { node, count } in &digest.annotation_sets {
        output.u32(node.map_or(0, |node| node.saturating_add(1)));
        output.u32(*count);
    }
    output.bytes(&encode_digest(digest));
}

fn write_names(output: &mut Output, names: &BTreeSet<&str>) {
    output.texts(names.iter());
}

fn flags(digest: &TraceDigest) -> u8 {
    let root = digest.flags();
    let bits = [
        (digest.root.is_some(), flag::ROOT),
        (root.error, flag::ERROR),
        (root.throttle, flag::THROTTLE),
        (root.fault, flag::FAULT),
        (digest.has_throttle, flag::ANY_THROTTLE),
        (digest.is_partial, flag::PARTIAL),
        (digest.annotations_cut, flag::CUT),
    ];
    bits.into_iter().filter(|(is_set, _)| *is_set).fold(0, |flags, (_, bit)| flags | bit)
}

/// The names of all nodes, and the aliases by which they were called.
fn service_names(digest: &TraceDigest) -> BTreeSet<&str> {
    let nodes = digest.nodes.iter().map(|node| node.key.name.as_str());
    let aliases = digest.edges.iter().flat_map(|edge| &edge.aliases).map(|alias| alias.name.as_str());
    nodes.chain(aliases).collect()
}

/// The digests in an answer of the columns [`READ`]. One that cannot be read is left out, with a warning: an older server or a
/// newer one wrote it.
pub(crate) fn read(answer: &[u8]) -> Result<Vec<Arc<TraceDigest>>, Malformed> {
    Ok(Input::new(answer).rows(digest)?.into_iter().flatten().collect())
}

fn digest(input: &mut Input<'_>) -> Result<Option<Arc<TraceDigest>>, Malformed> {
    let id = TraceId(input.array()?);
    let start = Timestamp(input.i64()?);
    let keys = input.list(Input::text)?;
    let values = input.list(Input::text)?;
    let types = input.bytes()?;
    let sets = input.list(Input::u32)?;
    let bytes = input.bytes()?;
    if keys.len() != values.len() || keys.len() != types.len() {
        return Err(Malformed);
    }
    let annotation = |((key, value), kind): ((&str, &str), &u8)| {
        let value = match *kind {
            NUMBER => AnnotationValue::Number(value.parse().map_err(|_| Malformed)?),
            BOOLEAN => AnnotationValue::Boolean(value.parse().map_err(|_| Malformed)?),
            STRING => AnnotationValue::String(value.to_owned()),
            _ => return Err(Malformed),
        };
        Ok(Annotation { key: key.to_owned(), value })
    };
    let annotations: Result<Vec<_>, _> = keys.into_iter().zip(values).zip(types).map(annotation).collect();
    let sets =
        sets.chunks_exact(2).map(|pair| AnnotationSet { node: pair[0].checked_sub(1), count: pair[1] });
    let annotations = BesideAnnotations::Whole(annotations?, sets.collect());
    match decode_digest(bytes, Beside { id, start, annotations }) {
        Ok(digest) => Ok(Some(Arc::new(digest))),
        Err(error) => {
            tracing::warn!(trace = %id, %error, "a digest is not understood");
            Ok(None)
        }
    }
}
