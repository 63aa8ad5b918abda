//! The bytes in which rows and logs keep digests and rollups. `docs/format/codec.md` describes them.
//!
//! A *block* begins with its version and the distinct texts of what is in it, so that it can be read by itself; numbers
//! are variable in length, and times and ids are written as what they differ from another. Bytes that no version
//! has written are an error, never a panic, and take no more memory than they could describe.

mod bytes;
mod call;
mod cause;
mod digest;
mod link;
mod minute;
mod work;

use std::sync::Arc;

use model::digest::AnnotationSet;
use model::link::{AwaitedLink, LinkId};
use model::minute::{MinuteRow, Stats};
use model::segment::Annotation;
use model::{Minute, Timestamp, TraceDigest, TraceId};
use serde::Deserialize;

use bytes::{Input, Output};

/// The first byte of a block. The JSON of format 1 begins with a brace.
const VERSION: u8 = 6;
/// Without the tree of requests; still read, as are those before.
const WITHOUT_CALLS: u8 = 5;
/// Without what rules of people wrote.
const WITHOUT_RULES: u8 = 4;
/// Without the nodes of annotations.
const WITHOUT_SETS: u8 = 3;
/// Without operations, own times and delays.
const WITHOUT_WORK: u8 = 2;

/// Behind the links of a commit.
const END: u8 = 1;

/// Why bytes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("it is cut short")]
    Short,
    #[error("{0} is wrong")]
    Wrong(&'static str),
    #[error("it has version {0}, which is not known")]
    Version(u8),
    #[error("it is no JSON of format 1")]
    Json(#[from] serde_json::Error),
}

/// What the columns beside a digest say of it, and the digest does not say again.
#[derive(Debug)]
pub struct Beside<'a> {
    pub id: TraceId,
    pub start: Timestamp,
    pub annotations: BesideAnnotations<'a>,
}

/// How annotations stand beside a digest.
#[derive(Debug)]
pub enum BesideAnnotations<'a> {
    /// Of earlier versions: key and value as text. The digest tells the types.
    Texts(Vec<(&'a str, &'a str)>),
    Whole(Vec<Annotation>, Vec<AnnotationSet>),
}

/// What a commit has beside its cursor.
#[derive(Debug, Default, Deserialize)]
pub struct Reduced {
    pub digests: Vec<Arc<TraceDigest>>,
    pub minutes: Vec<MinuteRow>,
    #[serde(skip)]
    pub awaited: Vec<Arc<AwaitedLink>>,
    #[serde(skip)]
    pub answered: Vec<LinkId>,
}

/// A commit as a log keeps it. Its links are left out where it has none, so that what is usual takes no byte more.
pub fn encode_commit(
    digests: &[Arc<TraceDigest>],
    minutes: &[MinuteRow],
    awaited: &[Arc<AwaitedLink>],
    answered: &[LinkId],
) -> Vec<u8> {
    let mut output = Output::default();
    output.list(digests, |output, digest| digest::write_whole(output, digest));
    output.list(minutes, minute::write_row);
    if !(awaited.is_empty() && answered.is_empty()) {
        output.list(awaited, |output, waiting| link::write(output, waiting));
        output.list(answered, |output, id| link::write_id(output, *id));
        // In the log no payload that ends here ends with a zero, as what was never written does.
        output.byte(END);
    }
    output.finish()
}

/// A commit of the log, in this version or as JSON.
pub fn decode_commit(encoded: &[u8]) -> Result<Reduced, CodecError> {
    if encoded.first() == Some(&b'{') {
        return Ok(serde_json::from_slice(encoded)?);
    }
    decode_commit_within(encoded, &mut { usize::MAX })
}

/// A commit of a stranger, of which the texts take no more than so many bytes; takes from them what these took.
pub fn decode_commit_within(encoded: &[u8], texts: &mut usize) -> Result<Reduced, CodecError> {
    let mut input = Input::open(encoded)?.within(*texts);
    let digests = input.list(|input| digest::read_whole(input).map(Arc::new))?;
    let minutes = input.list(minute::read_row)?;
    let (mut awaited, mut answered) = (Vec::new(), Vec::new());
    if !input.is_at_end() {
        awaited = input.list(|input| link::read(input).map(Arc::new))?;
        answered = input.list(link::read_id)?;
        if input.byte()? != END {
            return Err(CodecError::Wrong("the end of its links"));
        }
    }
    *texts = input.texts_left();
    input.finish()?;
    Ok(Reduced { digests, minutes, awaited, answered })
}

/// A digest as its row in `traces` keeps it, without what [`Beside`] has.
pub fn encode_digest(digest: &TraceDigest) -> Vec<u8> {
    let mut output = Output::default();
    digest::write_beside(&mut output, digest);
    output.finish()
}

pub fn decode_digest(encoded: &[u8], beside: Beside<'_>) -> Result<TraceDigest, CodecError> {
    let mut input = Input::open(encoded)?;
    let digest = digest::read_beside(&mut input, beside)?;
    input.finish()?;
    Ok(digest)
}

/// Whether a digest in a row may tell of an exception. It is not read for it, so this takes a fraction of the time; what cannot
/// be read may tell of anything.
pub fn may_have_exception(encoded: &[u8]) -> bool {
    Input::body_of(encoded).and_then(|mut body| digest::may_have_exception(&mut body)).unwrap_or(true)
}

/// The sums of a row in `minutes`. Times are relative to its minute.
pub fn encode_stats(minute: Minute, stats: &Stats) -> Vec<u8> {
    let mut output = Output::default();
    minute::write_stats(&mut output, minute, stats);
    output.finish()
}

pub fn decode_stats(minute: Minute, encoded: &[u8]) -> Result<Stats, CodecError> {
    let mut input = Input::open(encoded)?;
    let stats = minute::read_stats(&mut input, minute)?;
    input.finish()?;
    Ok(stats)
}

/// Rows of rollups, for what is read as a whole.
pub fn encode_rows(rows: &[MinuteRow]) -> Vec<u8> {
    let mut output = Output::default();
    output.list(rows, minute::write_row);
    output.finish()
}

pub fn decode_rows(encoded: &[u8]) -> Result<Vec<MinuteRow>, CodecError> {
    let mut input = Input::open(encoded)?;
    let rows = input.list(minute::read_row)?;
    input.finish()?;
    Ok(rows)
}

#[cfg(test)]
mod tests;
