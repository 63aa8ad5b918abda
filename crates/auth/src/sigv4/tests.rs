//! The vectors that AWS publishes, and requests that must not pass.

use std::fs;
use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderName, HeaderValue};
use model::{Micros, Timestamp};

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SERVICE: &str = "service";

/// What was sent, as text.
struct Sent {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
}

impl Sent {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        // A path may contain spaces.
        let first = lines.next().unwrap();
        let (method, rest) = first.split_once(' ').unwrap();
        let target = rest.strip_suffix(" HTTP/1.1").unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in lines {
            match line.split_once(':').filter(|_| !line.starts_with(' ')) {
                Some((name, value)) => fields.push((name.to_lowercase(), value.to_owned())),
                // The value goes on.
                None => fields.last_mut().unwrap().1.push_str(line),
            }
        }
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        }
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_owned(),
        }
    }

    fn head(&self) -> Head<'_> {
        Head { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers }
    }

    /// As a server checks it.
    fn check(&self, secret: &str, now: Timestamp) -> Result<(), Refusal> {
        let claim = Claim::of(&self.head(), &[SERVICE, "monitoring"])?;
        claim.check_time(now)?;
        claim.verify(&self.head(), self.body.as_bytes(), secret)
    }
}

fn suite() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/aws-signing-test-suite");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn signed_at() -> Timestamp {
    date::parse("20150830T123600Z").unwrap()
}

/// Why a vector does not hold for X-Ray.
fn left_out(case: &Path, file: &str) -> Option<&'static str> {
    let context = fs::read_to_string(case.join("context.json")).unwrap();
    if context.contains(r#""normalize": false"#) {
        return Some("paths as they are: S3 alone");
    }
    let name = case.file_name().unwrap().to_str().unwrap();
    if name == "post-sts-header-after" && file.starts_with("query") {
        return Some("a parameter that was added to the query after it was signed");
    }
    None
}

#[test]
fn the_vectors_of_aws_pass() {
    let mut passed = 0;
    for case in suite() {
        for kind in ["header", "query"] {
            let file = format!("{kind}-signed-request.txt");
            let text = fs::read_to_string(case.join(&file)).unwrap();
            if left_out(&case, &file).is_some() {
                continue;
            }
            let outcome = Sent::parse(&text).check(SECRET, signed_at());
            assert_eq!(outcome, Ok(()), "{} {file}", case.display());
            passed += 1;
        }
    }
    assert_eq!(passed, 61, "of {} cases, each in two forms", suite().len());
}

#[test]
fn the_canonical_requests_are_those_of_aws() {
    for case in suite() {
        for kind in ["header", "query"] {
            let file = format!("{kind}-canonical-request.txt");
            if left_out(&case, &file).is_some() {
                continue;
            }
            let expected = fs::read_to_string(case.join(&file)).unwrap();
            let sent =
                Sent::parse(&fs::read_to_string(case.join(format!("{kind}-signed-request.txt"))).unwrap());
            let mut last = expected.rsplit('\n');
            let (payload, signed) = (last.next().unwrap(), last.next().unwrap());
            let names: Vec<&str> = signed.split(';').collect();
            let actual = String::from_utf8(canonical::request(&sent.head(), &names, payload)).unwrap();
            assert_eq!(actual, expected, "{} {file}", case.display());
        }
    }
}

fn vector(name: &str, kind: &str) -> Sent {
    let case = suite().into_iter().find(|case| case.ends_with(name)).unwrap();
    Sent::parse(&fs::read_to_string(case.join(format!("{kind}-signed-request.txt"))).unwrap())
}

#[test]
fn whatever_is_changed_the_signature_does_not_fit() {
    let check = |name: &str, kind: &str, change: &dyn Fn(&mut Sent)| {
        let mut sent = vector(name, kind);
        assert_eq!(sent.check(SECRET, signed_at()), Ok(()));
        change(&mut sent);
        assert_eq!(sent.check(SECRET, signed_at()), Err(Refusal::mismatch()), "{name}");
    };
    check("post-vanilla-query", "header", &|sent| sent.method = "PUT".to_owned());
    check("post-vanilla-query", "header", &|sent| sent.path = "/other".to_owned());
    check("post-vanilla-query", "header", &|sent| sent.query.push_str("&more=1"));
    check("post-vanilla-query", "header", &|sent| sent.body.push('x'));
    check("post-vanilla-query", "header", &|sent| {
        sent.headers.insert("host", HeaderValue::from_static("other.example"));
    });
    check("post-header-key-sort", "header", &|sent| {
        sent.headers.append("my-header1", HeaderValue::from_static("more"));
    });
    check("post-vanilla-query", "query", &|sent| sent.body.push('x'));
    check("get-vanilla", "query", &|sent| sent.query = sent.query.replace("Expires=3600", "Expires=3601"));
    let another = vector("get-vanilla", "header").check("another secret", signed_at());
    assert_eq!(another, Err(Refusal::mismatch()));
}

#[test]
fn what_the_signature_does_not_cover_may_change() {
    let mut sent = vector("get-vanilla", "header");
    sent.headers.insert("user-agent", HeaderValue::from_static("another"));
    assert_eq!(sent.check(SECRET, signed_at()), Ok(()));
}

#[test]
fn a_header_with_another_hash_than_the_bodys_is_refused() {
    let mut sent = vector("post-x-www-form-urlencoded", "header");
    sent.body.push('x');
    let hash = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    assert_eq!(sent.check(SECRET, signed_at()), Err(Refusal::Wrong(hash.to_owned())));
}

#[test]
fn a_body_is_left_unsigned_only_where_a_presigned_url_says_so_under_its_signature() {
    let hash = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    for kind in ["header", "query"] {
        let mut sent = vector("post-vanilla", kind);
        sent.headers.insert("x-amz-content-sha256", HeaderValue::from_static("UNSIGNED-PAYLOAD"));
        assert_eq!(sent.check(SECRET, signed_at()), Err(Refusal::Wrong(hash.to_owned())), "{kind}");
    }
}

#[test]
fn a_signature_is_good_for_five_minutes_either_way() {
    let check = |minutes: i64, expected: Result<(), &str>| {
        let step = Micros::from_secs(minutes.unsigned_abs() * 60);
        let now = if minutes < 0 { signed_at().minus(step) } else { signed_at().plus(step) };
        let outcome = vector("get-vanilla", "header").check(SECRET, now);
        assert_eq!(outcome, expected.map_err(|text| Refusal::Untimely(text.to_owned())), "{minutes}");
    };
    check(5, Ok(()));
    check(-5, Ok(()));
    check(
        6,
        Err(
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T124200Z - 5 min.)",
        ),
    );
    check(
        -6,
        Err(
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z (20150830T123000Z + 5 min.)",
        ),
    );
}

#[test]
fn a_presigned_url_is_good_for_as_long_as_it_says() {
    let sent = vector("get-vanilla", "query");
    assert_eq!(sent.check(SECRET, signed_at().plus(Micros::from_secs(3600))), Ok(()));
    let late = sent.check(SECRET, signed_at().plus(Micros::from_secs(3601)));
    let text = "Signature expired: 20150830T133600Z is now earlier than 20150830T133601Z";
    assert_eq!(late, Err(Refusal::Untimely(text.to_owned())));
    for seconds in ["0", "604801", "-1", "x"] {
        let mut sent = vector("get-vanilla", "query");
        sent.query = sent.query.replace("Expires=3600", &format!("Expires={seconds}"));
        let text = "X-Amz-Expires must be between 1 and 604800 seconds.";
        assert_eq!(sent.check(SECRET, signed_at()), Err(Refusal::Incomplete(text.to_owned())));
    }
}

/// The vector's request with this `Authorization` header.
fn with_authorization(text: &str) -> Result<(), Refusal> {
    let mut sent = vector("get-vanilla", "header");
    sent.headers.insert("authorization", HeaderValue::from_str(text).unwrap());
    sent.check(SECRET, signed_at())
}

#[test]
fn credentials_that_are_not_whole_are_told_what_they_lack() {
    let mut sent = vector("get-vanilla", "header");
    sent.headers.remove("authorization");
    assert_eq!(sent.check(SECRET, signed_at()), Err(Refusal::Missing));
    let check = |text: &str, expected: &str| match with_authorization(text) {
        Err(Refusal::Incomplete(text)) => assert!(text.contains(expected), "{text}"),
        other => panic!("{text}: {other:?}"),
    };
    let scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
    check("", "must begin with 'AWS4-HMAC-SHA256'");
    check("Bearer abc", "must begin with 'AWS4-HMAC-SHA256'");
    check("AWS4-HMAC-SHA256-PAYLOAD Credential=x", "must begin with 'AWS4-HMAC-SHA256'");
    check("AWS4-HMAC-SHA256 x", "unknown parameter");
    check("AWS4-HMAC-SHA256 Signature=00, SignedHeaders=host;x-amz-date", "requires 'Credential' parameter.");
    check(
        &format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=, SignedHeaders=host;x-amz-date"),
        "'Signature'",
    );
    let with_headers =
        |names: &str| format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature=00");
    check(&with_headers("x-amz-date"), "'Host' must be a 'SignedHeader'");
    check(&with_headers("host"), "'X-Amz-Date' must be a 'SignedHeader'");
    check(&with_headers("x-amz-date;host"), "sorted");
    check(&with_headers("host;host;x-amz-date"), "sorted");
    check(&format!("{}, Signature=00", with_headers("host;x-amz-date")), "twice");
    check(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE, SignedHeaders=host;x-amz-date, Signature=00",
        "exactly 5",
    );
}

#[test]
fn credentials_of_another_scope_are_wrong() {
    let check = |scope: &str, expected: &str| {
        let text =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00");
        match with_authorization(&text) {
            Err(Refusal::Wrong(text)) => assert!(text.contains(expected), "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    };
    check("AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request", "scoped to correct service: 'service'");
    check("AKIDEXAMPLE/20150830/us-east-1/service/aws5_request", "valid terminator");
    check("AKIDEXAMPLE/20150831/us-east-1/service/aws4_request", "does not match YYYYMMDD");
    check("AKIDEXAMPLE/2015083/us-east-1/service/aws4_request", "does not match YYYYMMDD");
    check("AKIDEXAMPLE/20150830/us-east-1/service/aws4_request", "signature we calculated does not match");
}

#[test]
fn two_authorization_headers_are_refused() {
    let mut sent = vector("get-vanilla", "header");
    let again = sent.headers["authorization"].clone();
    sent.headers.append("authorization", again);
    assert!(matches!(sent.check(SECRET, signed_at()), Err(Refusal::Incomplete(_))));
}

#[test]
fn a_query_that_has_a_part_of_a_signature_is_not_whole() {
    let mut sent = vector("get-vanilla", "query");
    sent.query = sent.query.replace("&X-Amz-Expires=3600", "");
    let text = "AWS query-string parameters must include 'X-Amz-Expires'.";
    assert_eq!(sent.check(SECRET, signed_at()), Err(Refusal::Incomplete(text.to_owned())));
    sent.query = "X-Amz-Date=20150830T123600Z&X-Amz-Date=20150830T123600Z".to_owned();
    assert!(matches!(sent.check(SECRET, signed_at()), Err(Refusal::Incomplete(_))));
}
