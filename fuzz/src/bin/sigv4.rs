//! A request with a signature, or what looks like one: it is read or refused, and no other secret makes it true.
#![no_main]

use auth::sigv4::{Claim, Head};
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use model::Timestamp;

/// When the published examples were signed: 2015-08-30T12:36:00Z.
const NOW: Timestamp = Timestamp(1_440_938_160_000_000);
/// The secret of AWS's published examples, and one that signed nothing.
const SECRETS: [&str; 2] = ["wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "another"];

fuzz_target!(|request: &[u8]| {
    let (head, body) = split(request, b"\n\n");
    let (line, lines) = split(head, b"\n");
    let Ok(line) = str::from_utf8(line) else { return };
    let (method, target) = line.split_once(' ').unwrap_or((line, ""));
    let target = target.rsplit_once(' ').map_or(target, |(target, _)| target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let (name, value) = split(line, b":");
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let head = Head { method, path, query, headers: &headers };
    for service in ["service", "xray"] {
        let Ok(claim) = Claim::of(&head, &[service]) else { continue };
        let _ = claim.check_time(NOW);
        let [_, other] = SECRETS.map(|secret| claim.verify(&head, body, secret).is_ok());
        assert!(!other, "a secret that signed nothing proves a request");
    }
});

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    match bytes.windows(at.len()).position(|window| window == at) {
        Some(place) => (&bytes[..place], &bytes[place + at.len()..]),
        None => (bytes, &[]),
    }
}
