//! Reading of request bodies, bounded in every way: what is on the wire, what it unpacks to, and how much
//! of both all requests hold together.

use std::io::{self, Read};
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use bytes::{Bytes, BytesMut};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body of PutTraceSegments, unpacked. A daemon's batch of 50 documents of 64 KB is
/// 3.2 MB before escaping.
pub(crate) const MAX_SEGMENTS_BYTES: usize = 16 << 20;
/// The largest body of any other operation; the longest honest one is a few kilobytes.
pub(crate) const MAX_QUERY_BYTES: usize = 1 << 20;
/// What all requests together may hold at a time; beyond that they are told to come back.
const BUDGET_BYTES: usize = 160 << 20;

/// What is unpacked at a time.
const PIECE_BYTES: usize = 32 << 10;

/// Bytes of bodies that may be in memory at once. A body takes its share as it arrives, so a client that
/// announces much and sends nothing holds nothing; and it never waits for more, so bodies cannot wait for each other.
#[derive(Debug, Clone)]
pub(crate) struct BodyBudget(Arc<Semaphore>);

/// A share of the budget until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Share(Option<OwnedSemaphorePermit>);

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
    #[error("too many large requests at a time")]
    Busy,
    #[error("the content encoding {0:?} is not supported; send gzip, deflate, zstd or none")]
    UnknownEncoding(String),
    #[error("the body is not valid {encoding}")]
    Damaged { encoding: &'static str },
    #[error("the body ended before it was complete")]
    Cut,
}

impl BodyBudget {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET_BYTES)))
    }

    fn add(&self, share: &mut Share, bytes: usize) -> Result<(), BodyError> {
        let bytes = u32::try_from(bytes).map_err(|_| BodyError::Busy)?;
        let more = Arc::clone(&self.0).try_acquire_many_owned(bytes).map_err(|_| BodyError::Busy)?;
        match &mut share.0 {
            Some(held) => held.merge(more),
            None => share.0 = Some(more),
        }
        Ok(())
    }
}

/// Reads a body of at most `limit` bytes, packed and unpacked.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    budget: &BodyBudget,
) -> Result<ReadBody, BodyError> {
    let encoding = Encoding::of(headers)?;
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge { limit });
    }
    let packed = collect(body, limit, budget).await?;
    if encoding == Encoding::Identity {
        return Ok(packed);
    }
    let unpacked = unpack_apart(encoding, packed.bytes, limit, budget).await;
    // What is packed is not needed any more.
    drop(packed.share);
    unpacked
}

/// Unpacks bytes that are packed as the name says, to at most `limit` of them.
pub(crate) async fn unpack(
    encoding: &str,
    packed: Bytes,
    limit: usize,
    budget: &BodyBudget,
) -> Result<ReadBody, BodyError> {
    unpack_apart(Encoding::named(encoding)?, packed, limit, budget).await
}

/// Unpacking is the only long stretch of computing here, so it does not hold up other requests.
async fn unpack_apart(
    encoding: Encoding,
    packed: Bytes,
    limit: usize,
    budget: &BodyBudget,
) -> Result<ReadBody, BodyError> {
    let budget = budget.clone();
    let unpacked = tokio::task::spawn_blocking(move || {
        let mut share = Share::default();
        let bytes = encoding.unpack(&packed, limit, |more| budget.add(&mut share, more))?;
        Ok(ReadBody { bytes, share })
    });
    unpacked.await.map_err(|_panicked| BodyError::Cut)?
}

/// The body as it was sent, packed or not: what a signature covers.
pub(crate) async fn collect(
    mut body: Body,
    limit: usize,
    budget: &BodyBudget,
) -> Result<ReadBody, BodyError> {
    let mut share = Share::default();
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Cut)?.into_data() else { continue };
        if first.len() + whole.len() + data.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        budget.add(&mut share, data.len())?;
        if whole.is_empty() && first.is_empty() {
            // Most bodies come in one piece, and that piece need not be copied.
            first = data;
            continue;
        }
        whole.extend_from_slice(&std::mem::take(&mut first));
        whole.extend_from_slice(&data);
    }
    let bytes = if whole.is_empty() { first } else { whole.freeze() };
    Ok(ReadBody { bytes, share })
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
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const LIMIT: usize = 1 << 20;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    async fn check(encoding: &'static str, body: Vec<u8>) -> Result<Bytes, String> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        let budget = BodyBudget::new();
        let read = read(&headers, body.into(), LIMIT, &budget).await;
        read.map(|body| body.bytes).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn packed_bodies_are_unpacked() {
        let text = b"{\"TraceIds\":[]}".to_vec();
        assert_eq!(check("gzip", gzip(&text)).await.unwrap(), text);
        assert_eq!(check("zstd", zstd::encode_all(&text[..], 1).unwrap()).await.unwrap(), text);
        assert_eq!(check("identity", text.clone()).await.unwrap(), text);
    }

    #[tokio::test]
    async fn a_bomb_stops_at_the_limit() {
        let bomb = vec![b' '; LIMIT + 1];
        let expected = Err(format!("the body is larger than {LIMIT} bytes"));
        for (encoding, packed) in
            [("gzip", gzip(&bomb)), ("zstd", zstd::encode_all(&bomb[..], 1).unwrap()), ("identity", bomb)]
        {
            assert_eq!(check(encoding, packed).await, expected, "{encoding}");
        }
    }

    #[tokio::test]
    async fn a_body_takes_its_share_of_the_budget_and_gives_it_back() {
        let budget = BodyBudget(Arc::new(Semaphore::new(LIMIT + 100)));
        let send = async |body: Vec<u8>| read(&HeaderMap::new(), body.into(), LIMIT, &budget).await;
        let held = send(vec![b' '; 200]).await.unwrap();
        assert_eq!(budget.0.available_permits(), LIMIT - 100);
        assert!(matches!(send(vec![b' '; LIMIT]).await, Err(BodyError::Busy)));
        drop(held);
        assert!(send(vec![b' '; LIMIT]).await.is_ok());
        assert_eq!(budget.0.available_permits(), LIMIT + 100);

        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let unpacked = read(&headers, gzip(&[7; 5_000]).into(), LIMIT, &budget).await.unwrap();
        assert_eq!((unpacked.bytes.len(), budget.0.available_permits()), (5_000, LIMIT + 100 - 5_000));
    }

    #[tokio::test]
    async fn damaged_and_unknown_encodings_are_named() {
        assert_eq!(check("gzip", b"no gzip".to_vec()).await, Err("the body is not valid gzip".to_owned()));
        let cut = gzip(&[7; 1000])[..20].to_vec();
        assert_eq!(check("gzip", cut).await, Err("the body is not valid gzip".to_owned()));
        assert!(check("br", Vec::new()).await.unwrap_err().contains("\"br\" is not supported"));
    }
}
