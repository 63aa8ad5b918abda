//! How bodies are packed for one upstream.

use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;
use parking_lot::Mutex;

use crate::config::{Compression, Protocol, UpstreamConfig};
use crate::endpoint::Endpoint;

/// The least that zstd has, and gzip's default: both pack documents to an eighth.
const ZSTD_LEVEL: i32 = 1;

/// Which packing, as the upstream's answers may change it.
pub(crate) struct Packing {
    wanted: Compression,
    now: AtomicU8,
    /// Kept, since making one costs more than packing a batch.
    zstd: Mutex<Option<zstd::bulk::Compressor<'static>>>,
}

impl std::fmt::Debug for Packing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packing")
            .field("wanted", &self.wanted)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

const PLAIN: u8 = 0;
const GZIP: u8 = 1;
const ZSTD: u8 = 2;

impl Packing {
    /// Of an upstream, where others are given `of_all`. X-Ray gets plain bodies; every backend of OTLP takes gzip, and no other packing for
    /// certain.
    pub(crate) fn of(endpoint: &Endpoint, given: &UpstreamConfig, of_all: Compression) -> Self {
        Self::new(match (given.protocol, given.compression) {
            (Protocol::Xray, _) if endpoint.is_aws() => Compression::None,
            (Protocol::Xray, own) => own.unwrap_or(of_all),
            (_, Some(own)) if own != Compression::Auto => own,
            _ if of_all == Compression::None || endpoint.is_local() => Compression::None,
            _ => Compression::Gzip,
        })
    }

    fn new(wanted: Compression) -> Self {
        let now = match wanted {
            // The first answer tells.
            Compression::Auto | Compression::None => PLAIN,
            Compression::Gzip => GZIP,
            Compression::Zstd => ZSTD,
        };
        Self { wanted, now: AtomicU8::new(now), zstd: Mutex::new(None) }
    }

    /// Takes up what the upstream offers: RFC 7694 has servers say so by `Accept-Encoding` in answers.
    pub(crate) fn heed(&self, headers: &HeaderMap, plain_is_best: bool) {
        if self.wanted != Compression::Auto || plain_is_best {
            return;
        }
        let Some(offer) = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else { return };
        let offers = |name: &str| {
            offer.split(',').any(|part| part.split(';').next().is_some_and(|coding| coding.trim() == name))
        };
        let now = if offers("zstd") { ZSTD } else { GZIP * u8::from(offers("gzip")) };
        self.now.store(now, Ordering::Relaxed);
    }

    pub(crate) fn never_again(&self) {
        self.now.store(PLAIN, Ordering::Relaxed);
    }

    /// The content coding and the packed body; what cannot be packed stays as it is.
    pub(crate) fn pack(&self, body: &Bytes) -> (Option<&'static str>, Bytes) {
        let packed = match self.now.load(Ordering::Relaxed) {
            ZSTD => self.zstd(body).map(|packed| ("zstd", packed)),
            GZIP => gzip(body).map(|packed| ("gzip", packed)),
            _ => None,
        };
        match packed {
            Some((coding, packed)) => (Some(coding), packed.into()),
            None => (None, body.clone()),
        }
    }

    fn zstd(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut compressor = self.zstd.lock();
        if compressor.is_none() {
            *compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL).ok();
        }
        let mut packed = compressor.as_mut()?.compress(body).ok()?;
        packed.shrink_to_fit();
        Some(packed)
    }
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn coding(packing: &Packing) -> Option<&'static str> {
        let (coding, body) = packing.pack(&Bytes::from_static(b"body"));
        assert_eq!(body == "body", coding.is_none());
        coding
    }

    #[test]
    fn bodies_are_packed_as_the_upstream_offers() {
        let check = |wanted, offer: &'static str, plain_is_best, expected: Option<&str>| {
            let packing = Packing::new(wanted);
            let mut headers = HeaderMap::new();
            if !offer.is_empty() {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(offer));
            }
            packing.heed(&headers, plain_is_best);
            assert_eq!(coding(&packing), expected, "{wanted:?} {offer}");
        };
        check(Compression::Auto, "", false, None);
        check(Compression::Auto, "zstd, gzip", false, Some("zstd"));
        check(Compression::Auto, "gzip;q=0.5", false, Some("gzip"));
        check(Compression::Auto, "br", false, None);
        check(Compression::Auto, "zstd", true, None);
        check(Compression::None, "zstd", false, None);
        check(Compression::Gzip, "", true, Some("gzip"));
        check(Compression::Zstd, "gzip", false, Some("zstd"));
    }

    #[test]
    fn a_backend_of_otlp_gets_gzip_unless_it_is_near_or_told_otherwise() {
        let check = |address: &str, protocol, own, of_all, expected: Option<&str>| {
            let given = UpstreamConfig { protocol, compression: own, ..address.to_owned().into() };
            let packing = Packing::of(&Endpoint::parse(address).unwrap(), &given, of_all);
            assert_eq!(coding(&packing), expected, "{address} {protocol:?} {own:?} {of_all:?}");
        };
        let (far, near, aws) =
            ("http://tempo:4318", "http://[::1]:4318", "https://xray.eu-west-1.amazonaws.com");
        for protocol in [Protocol::Otlp, Protocol::OtlpGrpc] {
            check(far, protocol, None, Compression::Auto, Some("gzip"));
            check(far, protocol, None, Compression::Zstd, Some("gzip"));
            check(far, protocol, None, Compression::None, None);
            check(far, protocol, Some(Compression::Auto), Compression::Auto, Some("gzip"));
            check(far, protocol, Some(Compression::None), Compression::Zstd, None);
            check(near, protocol, None, Compression::Auto, None);
            check(near, protocol, Some(Compression::Zstd), Compression::Auto, Some("zstd"));
        }
        check(aws, Protocol::Otlp, None, Compression::Auto, Some("gzip"));
        check(aws, Protocol::Xray, Some(Compression::Gzip), Compression::Gzip, None);
        check(far, Protocol::Xray, None, Compression::Zstd, Some("zstd"));
        check(far, Protocol::Xray, Some(Compression::Gzip), Compression::Zstd, Some("gzip"));
    }
}
