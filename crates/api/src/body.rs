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
/// What all requests together may hold at a time; more than that waits its turn.
const BUDGET_KILOBYTES: usize = 128 << 10;

/// Bytes of bodies that may be in memory at once, in kilobytes.
#[derive(Debug)]
pub(crate) struct BodyBudget(Arc<Semaphore>);

/// A body, and its share of the budget until it is dropped.
#[derive(Debug)]
pub(crate) struct ReadBody {
    pub(crate) bytes: Bytes,
    _share: OwnedSemaphorePermit,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the content encoding {0:?} is not supported; send gzip, deflate, zstd or none")]
    UnknownEncoding(String),
    #[error("the body is not valid {encoding}")]
    Damaged { encoding: &'static str },
    #[error("the body ended before it was complete")]
    Cut,
}

impl BodyBudget {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET_KILOBYTES)))
    }

    async fn share(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let kilobytes = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX);
        Arc::clone(&self.0).acquire_many_owned(kilobytes).await.map_err(|_closed| BodyError::Cut)
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
    let expected = announced.filter(|_| encoding == Encoding::Identity).unwrap_or(limit);
    let share = budget.share(expected).await?;
    let packed = collect(body, limit, announced).await?;
    let bytes = match encoding {
        Encoding::Identity => packed,
        // Unpacking is the only long stretch of computing here, so it does not hold up other requests.
        _ => tokio::task::spawn_blocking(move || encoding.unpack(&packed, limit))
            .await
            .map_err(|_panicked| BodyError::Cut)??,
    };
    Ok(ReadBody { bytes, _share: share })
}

async fn collect(mut body: Body, limit: usize, announced: Option<usize>) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Cut)?.into_data() else { continue };
        if first.len() + whole.len() + data.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        if whole.is_empty() && first.is_empty() {
            // Most bodies come in one piece, and that piece need not be copied.
            first = data;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced.unwrap_or(first.len() + data.len()));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
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
        match value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
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

    fn unpack(self, packed: &Bytes, limit: usize) -> Result<Bytes, BodyError> {
        let mut out = Vec::new();
        let damaged = |_: io::Error| BodyError::Damaged { encoding: self.name() };
        // One byte beyond the limit tells a body that fills it from one that exceeds it.
        let bound = limit as u64 + 1;
        let read = match self {
            Self::Identity => return Ok(packed.clone()),
            Self::Gzip => MultiGzDecoder::new(&packed[..]).take(bound).read_to_end(&mut out),
            Self::Deflate => ZlibDecoder::new(&packed[..]).take(bound).read_to_end(&mut out),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::new(&packed[..]).map_err(damaged)?;
                // 8 MB, the window that RFC 8878 asks every decoder to support.
                decoder.window_log_max(23).map_err(damaged)?;
                decoder.take(bound).read_to_end(&mut out)
            }
        };
        read.map_err(damaged)?;
        if out.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        Ok(out.into())
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
    async fn damaged_and_unknown_encodings_are_named() {
        assert_eq!(check("gzip", b"no gzip".to_vec()).await, Err("the body is not valid gzip".to_owned()));
        let cut = gzip(&[7; 1000])[..20].to_vec();
        assert_eq!(check("gzip", cut).await, Err("the body is not valid gzip".to_owned()));
        assert!(check("br", Vec::new()).await.unwrap_err().contains("\"br\" is not supported"));
    }
}
