//! What real SDKs sent decodes without a reject, and no change of its bytes makes the decoder panic.

#![expect(clippy::unwrap_used, reason = "clippy does not see that helpers of a test are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use proptest::prelude::*;

/// Every captured datagram, with its path.
fn captures() -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")];
    let mut captures = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "udp") {
                let datagram = fs::read(&path).unwrap();
                captures.push((path, datagram));
            }
        }
    }
    captures.sort();
    captures
}

fn document(datagram: &[u8]) -> Bytes {
    Bytes::copy_from_slice(wire::frame::split(datagram).unwrap())
}

#[test]
fn every_captured_packet_decodes() {
    let captures = captures();
    assert!(captures.len() > 25, "the captures are there");
    for (path, datagram) in captures {
        let raw = document(&datagram);
        let decoded =
            wire::decode(raw.clone()).unwrap_or_else(|reject| panic!("{path:?}: {}", reject.detail));
        assert_eq!(decoded.raw, raw);
        let sent = String::from_utf8_lossy(&datagram).matches("\"start_time\"").count();
        assert_eq!(decoded.entity.count(), sent, "{path:?}");
    }
}

#[test]
fn exceptions_of_both_sdks_are_read() {
    let mut names: Vec<_> = Vec::new();
    for (_, datagram) in captures() {
        wire::decode(document(&datagram)).unwrap().entity.walk(&mut |entity| {
            let exceptions = entity.cause.iter().flat_map(|cause| &cause.exceptions);
            names.extend(exceptions.filter_map(|exception| exception.name.clone()));
        });
    }
    for expected in ["ConnectionError", "ValueError", "ResourceNotFoundException", "TypeError", "KeyError"] {
        assert!(names.iter().any(|name| name == expected), "{expected} in {names:?}");
    }
}

/// Decodes what is left of a datagram, for the sake of not panicking.
fn take(datagram: &[u8]) {
    if let Ok(document) = wire::frame::split(datagram) {
        let raw = Bytes::copy_from_slice(document);
        match wire::decode(raw.clone()) {
            Ok(decoded) => assert_eq!(decoded.raw, raw),
            Err(reject) => assert!(!reject.detail.is_empty() && !reject.message().is_empty()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        take(&bytes);
        take(&[b"{\"format\":\"json\",\"version\":1}\n", &bytes[..]].concat());
    }

    #[test]
    fn arbitrary_headers_do_not_panic(text in "[\\[\\]{}:,\"\\\\ufd8e1. -]{0,40}") {
        take(format!("{text}\n{text}").as_bytes());
        let _ = text.parse::<wire::TraceHeader>();
    }

    #[test]
    fn captures_with_bytes_changed_cut_or_doubled_do_not_panic(
        which in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 1..8),
    ) {
        let captures = captures();
        let mut datagram = which.get(&captures).1.clone();
        datagram.truncate(8 * 1024);
        for (place, kind, byte) in edits {
            let at = place.index(datagram.len().max(1)).min(datagram.len().saturating_sub(1));
            // Structure is likelier to break something than any byte.
            let byte = if byte < 128 { b"{}[],:\"\\0e-n"[usize::from(byte) % 12] } else { byte };
            match kind {
                0 => datagram.insert(at, byte),
                1 if !datagram.is_empty() => datagram[at] = byte,
                2 if !datagram.is_empty() => { datagram.remove(at); }
                _ => {
                    let tail = datagram[at..].to_vec();
                    datagram.extend(tail);
                }
            }
        }
        take(&datagram);
    }
}
