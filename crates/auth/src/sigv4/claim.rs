//! What a request says of itself, from either place where a signature can stand, and whether it is true.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use model::{Micros, Timestamp};
use ring::{digest, hmac};

use super::{Head, Refusal, canonical, date};
use crate::hex;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const CONTENT_HASH: &str = "x-amz-content-sha256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// How far a clock may be off. AWS's own figure, as its error texts say.
const SKEW: Micros = Micros::from_secs(5 * 60);
/// Seconds; a week, AWS's limit for presigned URLs.
const MAX_EXPIRES: u64 = 604_800;

/// A signature with all that is needed to check it, of which nothing is proven yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub access_key_id: String,
    /// Whether it came with a session token. Fluoro gives none out, so no such claim can be true.
    pub has_session_token: bool,
    region: String,
    service: String,
    /// As sent: sixteen characters, of which the first eight are the scope's day.
    date: String,
    signed_at: Timestamp,
    /// For how long a presigned URL is good; none for a signature in the header.
    expires: Option<Micros>,
    signed_headers: String,
    signature: Vec<u8>,
}

impl Claim {
    /// Reads the claim from the `Authorization` header, else from the parameters of a presigned URL. It must be for one of these
    /// services, of which a refusal names the first.
    pub fn of(head: &Head<'_>, services: &[&str]) -> Result<Self, Refusal> {
        let mut headers = head.headers.get_all(AUTHORIZATION).iter();
        let fields = match (headers.next(), headers.next()) {
            (Some(_), Some(_)) => return Err(incomplete("Only one Authorization header is allowed.")),
            (Some(value), None) => {
                let text = value.to_str().map_err(|_| incomplete("The Authorization header is not text."))?;
                Fields::in_header(text, head.headers)?
            }
            (None, _) => Fields::in_query(head.query)?.ok_or(Refusal::Missing)?,
        };
        fields.claim(services)
    }

    /// Whether the signature's date fits `now`.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Refusal> {
        let (text, now_text) = (&self.date, date::format(now));
        let latest = now.plus(SKEW);
        if self.signed_at > latest {
            let latest = date::format(latest);
            return Err(Refusal::Untimely(format!(
                "Signature not yet current: {text} is still later than {latest} ({now_text} + 5 min.)"
            )));
        }
        if let Some(expires) = self.expires {
            let end = self.signed_at.plus(expires);
            if now > end {
                let end = date::format(end);
                return Err(Refusal::Untimely(format!(
                    "Signature expired: {end} is now earlier than {now_text}"
                )));
            }
            return Ok(());
        }
        let earliest = now.minus(SKEW);
        if self.signed_at < earliest {
            let earliest = date::format(earliest);
            return Err(Refusal::Untimely(format!(
                "Signature expired: {text} is now earlier than {earliest} ({now_text} - 5 min.)"
            )));
        }
        Ok(())
    }

    /// Whether `secret` signed this head with this body.
    pub fn verify(&self, head: &Head<'_>, body: &[u8], secret: &str) -> Result<(), Refusal> {
        let payload_hash = self.payload_hash(head.headers, body)?;
        self.verify_hashed(head, &payload_hash, secret)
    }

    /// The same for whatever body the head says; true where it says nothing.
    pub fn verify_head(&self, head: &Head<'_>, secret: &str) -> Result<(), Refusal> {
        match self.stated_payload(head.headers) {
            Some(stated) => self.verify_hashed(head, stated, secret),
            None => Ok(()),
        }
    }

    /// What the head says that the body hashes to, or that a presigned URL leaves open what it is.
    pub fn stated_payload<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let stated = headers.get(CONTENT_HASH)?.to_str().ok()?;
        let is_hash = stated.len() == 64 && stated.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_hash || (stated == UNSIGNED && self.leaves_body_open())).then_some(stated)
    }

    fn leaves_body_open(&self) -> bool {
        self.expires.is_some() && self.signed_headers.split(';').any(|name| name == CONTENT_HASH)
    }

    fn verify_hashed(&self, head: &Head<'_>, payload_hash: &str, secret: &str) -> Result<(), Refusal> {
        let signed_headers: Vec<&str> = self.signed_headers.split(';').collect();
        let request = canonical::request(head, &signed_headers, payload_hash);
        let Self { date, region, service, .. } = self;
        let day = self.day();
        let request_hash = hex::encode(digest::digest(&digest::SHA256, &request).as_ref());
        let to_sign = format!("{ALGORITHM}\n{date}\n{day}/{region}/{service}/{TERMINATOR}\n{request_hash}");
        let key = signing_key(secret, &[day, region, service, TERMINATOR]);
        // Takes the same time whatever differs.
        hmac::verify(&key, to_sign.as_bytes(), &self.signature).map_err(|_| Refusal::mismatch())
    }

    /// What the signer must have taken for the body's hash. It is what the body hashes to, except where the
    /// maker of a presigned URL signed that it is not.
    fn payload_hash(&self, headers: &HeaderMap, body: &[u8]) -> Result<String, Refusal> {
        let actual = hex::encode(digest::digest(&digest::SHA256, body).as_ref());
        let Some(claimed) = headers.get(CONTENT_HASH) else { return Ok(actual) };
        if claimed == UNSIGNED && self.leaves_body_open() {
            return Ok(UNSIGNED.to_owned());
        }
        if claimed.as_bytes() != actual.as_bytes() {
            let text = "The provided 'x-amz-content-sha256' header does not match what was computed.";
            return Err(Refusal::Wrong(text.to_owned()));
        }
        Ok(actual)
    }

    fn day(&self) -> &str {
        // `date::parse` took it, so it is sixteen ASCII characters.
        self.date.get(..8).unwrap_or_default()
    }
}

/// The key for one day, region and service, from which the secret cannot be had.
fn signing_key(secret: &str, scope: &[&str]) -> hmac::Key {
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    for part in scope {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    key
}

/// The claim's parts as text, which both places have.
struct Fields {
    credential: String,
    signed_headers: String,
    signature: String,
    date: String,
    expires: Option<String>,
    has_session_token: bool,
}

impl Fields {
    fn in_header(text: &str, headers: &HeaderMap) -> Result<Self, Refusal> {
        let rest = text.trim().strip_prefix(ALGORITHM).filter(|rest| rest.starts_with([' ', '\t']));
        let Some(rest) = rest else {
            return Err(incomplete(&format!("The Authorization header must begin with '{ALGORITHM}'.")));
        };
        let [mut credential, mut signed_headers, mut signature] = [None; 3];
        for pair in rest.split(',') {
            let (name, value) = pair.trim().split_once('=').unwrap_or((pair.trim(), ""));
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(incomplete("The Authorization header has an unknown parameter.")),
            };
            if place.replace(value).is_some() {
                return Err(incomplete("The Authorization header has a parameter twice."));
            }
        }
        let date = headers.get("x-amz-date").and_then(|value| value.to_str().ok());
        let mut missing = Vec::new();
        let parameters =
            [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)];
        for (name, value) in parameters {
            if value.is_none_or(str::is_empty) {
                missing.push(format!("Authorization header requires '{name}' parameter."));
            }
        }
        if date.is_none() {
            missing.push("Authorization header requires existence of a 'X-Amz-Date' header.".to_owned());
        }
        let (Some(credential), Some(signed_headers), Some(signature), Some(date), true) =
            (credential, signed_headers, signature, date, missing.is_empty())
        else {
            return Err(Refusal::Incomplete(missing.join(" ")));
        };
        if !signed_headers.split(';').any(|name| name == "x-amz-date") {
            return Err(incomplete("'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."));
        }
        Ok(Self {
            credential: credential.to_owned(),
            signed_headers: signed_headers.to_owned(),
            signature: signature.to_owned(),
            date: date.trim().to_owned(),
            expires: None,
            has_session_token: headers.contains_key("x-amz-security-token"),
        })
    }

    /// None where the query has nothing of a signature.
    fn in_query(query: &str) -> Result<Option<Self>, Refusal> {
        const NAMES: [&str; 7] = [
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-SignedHeaders",
            canonical::SIGNATURE_PARAMETER,
            "X-Amz-Date",
            "X-Amz-Expires",
            "X-Amz-Security-Token",
        ];
        let mut values = [const { None::<String> }; NAMES.len()];
        for (name, value) in canonical::parameters(query) {
            let Some(at) = NAMES.iter().position(|known| known.as_bytes() == name) else { continue };
            let value = String::from_utf8(value).map_err(|_| incomplete("A query parameter is not text."))?;
            if values[at].replace(value).is_some() {
                return Err(Refusal::Incomplete(format!(
                    "The query has the parameter '{}' twice.",
                    NAMES[at]
                )));
            }
        }
        if values.iter().all(Option::is_none) {
            return Ok(None);
        }
        let missing: Vec<String> = NAMES[..6]
            .iter()
            .zip(&values)
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| format!("AWS query-string parameters must include '{name}'."))
            .collect();
        let [
            Some(algorithm),
            Some(credential),
            Some(signed_headers),
            Some(signature),
            Some(date),
            expires,
            token,
        ] = values
        else {
            return Err(Refusal::Incomplete(missing.join(" ")));
        };
        if expires.is_none() {
            return Err(Refusal::Incomplete(missing.join(" ")));
        }
        if algorithm != ALGORITHM {
            return Err(incomplete(&format!("'X-Amz-Algorithm' must be '{ALGORITHM}'.")));
        }
        let has_session_token = token.is_some();
        Ok(Some(Self { credential, signed_headers, signature, date, expires, has_session_token }))
    }

    fn claim(self, services: &[&str]) -> Result<Claim, Refusal> {
        let Self { credential, signed_headers, signature, date, expires, has_session_token } = self;
        // From the right, since AWS lets a key's id contain slashes.
        let mut scope = credential.rsplitn(5, '/');
        let [Some(terminator), Some(claimed_service), Some(region), Some(day), Some(access_key_id)] =
            [(); 5].map(|()| scope.next())
        else {
            let form = "<access-key-id>/YYYYMMDD/REGION/SERVICE/aws4_request";
            return Err(incomplete(&format!(
                "Credential must have exactly 5 slash-delimited elements: {form}."
            )));
        };
        let signed_at = date::parse(&date).ok_or_else(|| {
            incomplete("Date must be in ISO-8601 'basic format', such as 20150830T123600Z.")
        })?;
        if !signed_headers.split(';').any(|name| name == "host") {
            return Err(incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization."));
        }
        if !is_sorted_and_lower_case(&signed_headers) {
            return Err(incomplete("'SignedHeaders' must be in lower case, sorted and without repetition."));
        }
        if terminator != TERMINATOR {
            return Err(wrong(&format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}'."
            )));
        }
        if !services.contains(&claimed_service) {
            let service = services.first().copied().unwrap_or_default();
            return Err(wrong(&format!("Credential should be scoped to correct service: '{service}'.")));
        }
        if !date.starts_with(day) || day.len() != 8 {
            return Err(wrong(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.",
            ));
        }
        let expires = match expires.map(|seconds| seconds.parse::<u64>()) {
            None => None,
            Some(Ok(seconds @ 1..=MAX_EXPIRES)) => Some(Micros::from_secs(seconds)),
            Some(_) => return Err(incomplete("X-Amz-Expires must be between 1 and 604800 seconds.")),
        };
        Ok(Claim {
            access_key_id: access_key_id.to_owned(),
            has_session_token,
            region: region.to_owned(),
            service: claimed_service.to_owned(),
            date,
            signed_at,
            expires,
            signed_headers,
            signature: hex::decode(&signature).unwrap_or_default(),
        })
    }
}

fn is_sorted_and_lower_case(names: &str) -> bool {
    let sorted = names.split(';').is_sorted_by(|one, next| one < next);
    sorted && !names.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn incomplete(text: &str) -> Refusal {
    Refusal::Incomplete(text.to_owned())
}

fn wrong(text: &str) -> Refusal {
    Refusal::Wrong(text.to_owned())
}
