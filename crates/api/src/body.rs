//! Reading of request bodies, bounded in every way: what is on the wire, what it unpacks to, how much of both all requests
//! of a peer and of everybody hold together, and how slowly they may come.

use std::io::{self, Read};
use std::net::IpAddr;

use axum::body::Body;
use axum::http::Extensions;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use bytes::{Bytes, BytesMut};
use door::budget::{Budget, Full, Share};
use door::cut::Cut;
use door::limits::{Limits, Pace};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::app::access;
use crate::metrics::cut;

/// The largest body of PutTraceSegments, unpacked. A daemon's batch of 50 documents of 64 KB is
/// 3.2 MB before escaping.
pub(crate) const MAX_SEGMENTS_BYTES: usize = 16 << 20;
/// The largest body of any other operation; the longest honest one is a few kilobytes.
pub(crate) const MAX_QUERY_BYTES: usize = 1 << 20;

/// What is unpacked at a time.
const PIECE_BYTES: usize = 32 << 10;

/// The memory for bodies. A body takes its share as it arrives, so a client that announces much and sends nothing holds
/// nothing.
#[derive(Debug, Clone)]
pub(crate) struct Bodies {
    all: Budget,
    /// Bodies whose signature waits for their end. Whoever knows the id of a key can send such.
    unchecked: Budget,
    pace: Pace,
}

/// The part of that memory which the bodies of one request are counted in.
#[derive(Debug, Clone)]
pub(crate) struct Purse {
    bodies: Bodies,
    peer: IpAddr,
}

#[derive(Debug)]
pub(crate) struct ReadBody {
    pub(crate) bytes: Bytes,
    /// To be kept for as long as what is made of the bytes is in memory.
    pub(crate) share: Share,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("{0}")]
    Busy(&'static str),
    #[error("the body came too slowly: it has {} s, and then must come at {} KB a second", .0.grace.as_secs(), .0.bytes_per_second / 1_000)]
    Slow(Pace),
    #[error("the content encoding {0:?} is not supported; send gzip, deflate, zstd or none")]
    UnknownEncoding(String),
    #[error("the body is not valid {encoding}")]
    Damaged { encoding: &'static str },
    #[error("the body ended before it was complete")]
    Cut,
}

impl Bodies {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { all: Budget::new(limits.bodies), unchecked: Budget::new(limits.unchecked), pace: limits.pace }
    }

    /// For the bodies of a request with these extensions.
    pub(crate) fn of(&self, extensions: &Extensions) -> Purse {
        Purse { bodies: self.clone(), peer: access::peer(extensions) }
    }

    /// What all of them hold now.
    pub(crate) fn held_bytes(&self) -> usize {
        self.all.held_bytes()
    }
}

impl Purse {
    fn share(&self) -> Share {
        self.bodies.all.share(self.peer)
    }
}

fn add(share: &mut Share, bytes: usize) -> Result<(), BodyError> {
    share.add(bytes).map_err(|full| match full {
        Full::All => busy(Cut::BodyMemory, "too many large requests at a time"),
        Full::Peer => busy(Cut::BodyMemoryOfPeer, "too many large requests of yours at a time"),
    })
}

fn busy(reason: Cut, text: &'static str) -> BodyError {
    cut(reason);
    BodyError::Busy(text)
}

/// Reads a body of at most `limit` bytes, packed and unpacked.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    purse: &Purse,
) -> Result<ReadBody, BodyError> {
    let encoding = Encoding::of(headers)?;
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge { limit });
    }
    let packed = collect(body, limit, purse).await?;
    if encoding == Encoding::Identity {
        return Ok(packed);
    }
    let unpacked = unpack_apart(encoding, packed.bytes, limit, purse).await;
    // What is packed is not needed any more.
    drop(packed.share);
    unpacked
}

/// Unpacks bytes that are packed as the name says, to at most `limit` of them.
pub(crate) async fn unpack(
    encoding: &str,
    packed: Bytes,
    limit: usize,
    purse: &Purse,
) -> Result<ReadBody, BodyError> {
    unpack_apart(Encoding::named(encoding)?, packed, limit, purse).await
}

/// Unpacking is the only long stretch of computing here, so it does not hold up other requests.
async fn unpack_apart(
    encoding: Encoding,
    packed: Bytes,
    limit: usize,
    purse: &Purse,
) -> Result<ReadBody, BodyError> {
    let mut share = purse.share();
    let unpacked = tokio::task::spawn_blocking(move || {
        let bytes = encoding.unpack(&packed, limit, |more| add(&mut share, more))?;
        Ok(ReadBody { bytes, share })
    });
    unpacked.await.map_err(|_panicked| BodyError::Cut)?
}

/// The body as it was sent, packed or not: what a signature covers.
pub(crate) async fn collect(body: Body, limit: usize, purse: &Purse) -> Result<ReadBody, BodyError> {
    let mut share = purse.share();
    let bytes = gather(body, limit, purse.bodies.pace, |more| add(&mut share, more)).await?;
    Ok(ReadBody { bytes, share })
}

/// The same of a body of which only its end will tell whether it is from a friend: there is less memory for such.
pub(crate) async fn collect_unchecked(
    body: Body,
    limit: usize,
    purse: &Purse,
) -> Result<ReadBody, BodyError> {
    let Bodies { unchecked, pace, .. } = &purse.bodies;
    let limit = limit.min(unchecked.most_bytes(purse.peer));
    let (mut share, mut doubtful) = (purse.share(), unchecked.share(purse.peer));
    let take = |more| {
        let full = doubtful.add(more);
        full.map_err(|_| {
            busy(
                Cut::UncheckedBodyMemory,
                "too many large requests at a time whose signature waits for their end; sign x-amz-content-sha256",
            )
        })?;
        add(&mut share, more)
    };
    let bytes = gather(body, limit, *pace, take).await?;
    Ok(ReadBody { bytes, share })
}

async fn gather(
    mut body: Body,
    limit: usize,
    pace: Pace,
    mut take: impl FnMut(usize) -> Result<(), BodyError>,
) -> Result<Bytes, BodyError> {
    let begun = Instant::now();
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    loop {
        let length = first.len() + whole.len();
        let frame = timeout_at(begun + pace.allows(length), body.frame()).await.map_err(|_late| {
            cut(Cut::SlowBody);
            BodyError::Slow(pace)
        })?;
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|_| BodyError::Cut)?.into_data() else { continue };
        if length + data.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        take(data.len())?;
        if length == 0 {
            // Most bodies come in one piece, and that piece need not be copied.
            first = data;
            continue;
        }
        whole.extend_from_slice(&std::mem::take(&mut first));
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Zstd,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, BodyError> {
        let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(Self::Identity) };
        Self::named(value.to_str().unwrap_or_default())
    }

    fn named(name: &str) -> Result<Self, BodyError> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            "zstd" => Ok(Self::Zstd),
            other => Err(BodyError::UnknownEncoding(other.chars().take(40).collect())),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        }
    }

    /// `take` is asked for memory before it is used, piece by piece, so that what unpacks to little takes little.
    fn unpack(
        self,
        packed: &Bytes,
        limit: usize,
        mut take: impl FnMut(usize) -> Result<(), BodyError>,
    ) -> Result<Bytes, BodyError> {
        let damaged = |_: io::Error| BodyError::Damaged { encoding: self.name() };
        let mut reader: Box<dyn Read> = match self {
            Self::Identity => return Ok(packed.clone()),
            Self::Gzip => Box::new(MultiGzDecoder::new(&packed[..])),
            Self::Deflate => Box::new(ZlibDecoder::new(&packed[..])),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::new(&packed[..]).map_err(damaged)?;
                // 8 MB, the window that RFC 8878 asks every decoder to support.
                decoder.window_log_max(23).map_err(damaged)?;
                Box::new(decoder)
            }
        };
        let mut out = Vec::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match reader.read(&mut piece).map_err(damaged)? {
                0 => return Ok(out.into()),
                read if out.len() + read > limit => return Err(BodyError::TooLarge { limit }),
                read => {
                    take(read)?;
                    out.extend_from_slice(&piece[..read]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
