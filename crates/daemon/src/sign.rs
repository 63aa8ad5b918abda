//! AWS's signature, version 4, over a request to X-Ray or to a Fluoro that asks for one.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4;
use http::request::Parts;

#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error("the request cannot be signed")]
    Sign(#[from] aws_sigv4::http_request::SigningError),
    #[error("the signature lacks a parameter")]
    Parameters(#[from] v4::signing_params::BuildError),
}

/// What a signature is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    /// Whether X-Ray itself is asked, and not a Fluoro.
    pub(crate) is_aws: bool,
}

/// Signs every header that is there, and adds those of the signature.
pub(crate) fn sign(
    parts: &mut Parts,
    body: &[u8],
    credentials: &Credentials,
    scope: Scope<'_>,
    at: SystemTime,
) -> Result<(), SignError> {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = match scope.is_aws {
        // As the AWS daemon does: X-Ray needs no header with the body's digest.
        true => PayloadChecksumKind::NoHeader,
        // A server can then check the signature before it takes the body, and takes more of such.
        false => PayloadChecksumKind::XAmzSha256,
    };
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name("xray")
        .time(at)
        .settings(settings)
        .build()?
        .into();
    let headers =
        parts.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(
        parts.method.as_str(),
        parts.uri.to_string(),
        headers,
        SignableBody::Bytes(body),
    )?;
    let (instructions, _) = sign_request(signable, &parameters)?.into_parts();
    let mut signed = http::Request::from_parts(parts.clone(), ());
    instructions.apply_to_request_http1x(&mut signed);
    *parts = signed.into_parts().0;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_headers_are_signed_as_by_the_aws_daemon() {
        let request = http::Request::post("https://xray.eu-west-1.amazonaws.com/TraceSegments")
            .header("content-type", "application/json")
            .header("content-length", "2")
            .header("x-amzn-xray-timestamp", "1.5")
            .header("user-agent", "x")
            .body(())
            .unwrap();
        let mut parts = request.into_parts().0;
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
        let unsigned = parts.clone();
        let scope = Scope { region: "eu-west-1", is_aws: true };
        sign(&mut parts, b"{}", &credentials, scope, SystemTime::UNIX_EPOCH).unwrap();
        let authorization = parts.headers["authorization"].to_str().unwrap();
        let expected = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/19700101/eu-west-1/xray/aws4_request, \
                        SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token;x-amzn-xray-timestamp, ";
        assert!(authorization.starts_with(expected), "{authorization}");
        assert_eq!(parts.headers["x-amz-date"], "19700101T000000Z");
        assert_eq!(parts.headers["x-amz-security-token"], "token");

        let mut parts = unsigned;
        let scope = Scope { is_aws: false, ..scope };
        sign(&mut parts, b"{}", &credentials, scope, SystemTime::UNIX_EPOCH).unwrap();
        let digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(parts.headers["x-amz-content-sha256"], digest);
    }
}
