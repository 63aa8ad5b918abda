//! Who gets in, by which credentials, and what the others are told. Requests are signed by the AWS SDK's signer.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use ::auth::{KeyFile, Keys, Kind, NewKey, Policy};
use api::{Auth, Peer};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use axum::body::Body;
use axum::http::{Request, StatusCode, request};
use axum::response::Response;
use model::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Answer, Server, T, plain};

pub(crate) const ADDRESS: &str = "127.0.0.1:2000";

pub(crate) struct Guarded {
    pub(crate) server: Server,
    keys: Keys,
    file: KeyFile,
    _directory: TempDir,
}

impl Guarded {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        let keys = Keys::open(&path).unwrap();
        let auth = Auth { keys: keys.clone(), account_id: "123456789012".to_owned(), is_tls: false };
        let server = Server::start_with(Some(auth));
        Self { server, keys, file: KeyFile::new(path), _directory: directory }
    }

    fn key(&self, policy: Policy) -> NewKey {
        self.make(Kind::AccessKey, policy)
    }

    pub(crate) fn token(&self, policy: Policy) -> NewKey {
        self.make(Kind::ConsoleToken, policy)
    }

    fn make(&self, kind: Kind, policy: Policy) -> NewKey {
        let new = self.file.create(kind, "k8s-nodes", policy, Timestamp::from_seconds(T)).unwrap();
        self.keys.reload().unwrap();
        new
    }

    pub(crate) async fn send(&self, request: request::Builder, body: impl Into<Body>) -> Answer {
        let peer = Peer(IpAddr::V4(Ipv4Addr::LOCALHOST));
        self.server.send(request.extension(peer).body(body.into()).unwrap()).await
    }

    /// The head of an answer, which may be a stream.
    pub(crate) async fn open(&self, request: request::Builder, body: Body) -> Response {
        let peer = Peer(IpAddr::V4(Ipv4Addr::LOCALHOST));
        self.server.open(request.extension(peer).body(body).unwrap()).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request =
            headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
        self.send(request.header("host", ADDRESS), "").await
    }

    /// Status, name and text of an operation's error; nothing where it succeeded.
    async fn outcome(&self, request: request::Builder, body: impl Into<Body>) -> String {
        let answer = self.send(request, body).await;
        if answer.status == StatusCode::OK {
            return String::new();
        }
        let body = answer.json();
        assert_eq!(answer.headers["x-amzn-errortype"], *body["__type"].as_str().unwrap());
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        format!("{} {}: {}", answer.status.as_u16(), text("__type"), text("message"))
    }
}

/// How the client's signer is set up.
#[derive(Clone, Copy)]
struct Signer<'a> {
    id: &'a str,
    secret: &'a str,
    /// Seconds that its clock is ahead of the server's.
    ahead: f64,
    /// In the query, good for so many seconds.
    presigned: Option<u64>,
    /// Whether the head says what the body is.
    states_body: bool,
}

impl<'a> Signer<'a> {
    fn of(new: &'a NewKey) -> Self {
        Self { id: &new.key.id, secret: new.secret.reveal(), ahead: 0.0, presigned: None, states_body: false }
    }

    fn sign(&self, path: &str, body: &str) -> request::Builder {
        let identity = Credentials::new(self.id, self.secret, None, None, "test").into();
        let mut settings = SigningSettings::default();
        if let Some(seconds) = self.presigned {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(seconds));
        }
        if self.states_body {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("xray")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs_f64(T + 2.0 + self.ahead))
            .settings(settings)
            .build()
            .unwrap();
        let mut request = Request::post(format!("http://{ADDRESS}{path}")).body(()).unwrap();
        let headers = [("host", ADDRESS), ("content-type", "application/json")];
        let signable = SignableBody::Bytes(body.as_bytes());
        let target = request.uri().to_string();
        let signable = SignableRequest::new("POST", target, headers.into_iter(), signable).unwrap();
        let (instructions, _) = sign(signable, &parameters.into()).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        let (signed, ()) = request.into_parts();
        // What is sent has no authority in its first line.
        let target = signed.uri.path_and_query().unwrap().as_str();
        let unsigned =
            headers.iter().fold(Request::post(target), |all, (name, value)| all.header(*name, *value));
        signed.headers.iter().fold(unsigned, |all, (name, value)| all.header(name, value))
    }
}

const BODY: &str = "{}";

#[tokio::test]
async fn a_signed_request_does_what_its_policy_allows_and_nothing_else() {
    let guarded = Guarded::start();
    let daemon = guarded.key(Policy::daemon());
    let body = json!({ "TraceSegmentDocuments": [plain(1, 0.0).to_string()] }).to_string();
    let signer = Signer::of(&daemon);
    assert_eq!(guarded.outcome(signer.sign("/TraceSegments", &body), body.clone()).await, "");
    assert_eq!(
        guarded.outcome(signer.sign("/SamplingTargets", BODY), BODY).await.split(':').next().unwrap(),
        "400 ValidationException"
    );
    assert_eq!(
        guarded.outcome(signer.sign("/Groups", BODY), BODY).await,
        "403 AccessDeniedException: User: arn:aws:iam::123456789012:user/k8s-nodes is not authorized to perform: \
         xray:GetGroups on resource: * because no identity-based policy allows the xray:GetGroups action"
    );
    let reader = guarded.key(Policy::read_only());
    assert_eq!(guarded.outcome(Signer::of(&reader).sign("/Groups", BODY), BODY).await, "");
}

#[tokio::test]
async fn an_explicit_denial_says_so() {
    let guarded = Guarded::start();
    let text = r#"{ "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "xray:GetGroups", "Resource": "*",
          "Condition": { "NotIpAddress": { "aws:SourceIp": "10.0.0.0/8" } } }] }"#;
    let new = guarded.key(text.parse().unwrap());
    let outcome = guarded.outcome(Signer::of(&new).sign("/Groups", BODY), BODY).await;
    assert!(
        outcome.ends_with("xray:GetGroups on resource: * with an explicit deny in an identity-based policy")
    );
}

#[tokio::test]
async fn bad_credentials_are_told_what_is_wrong_in_the_words_of_aws() {
    let guarded = Guarded::start();
    let new = guarded.key(Policy::full());
    let check = async |signer: Signer<'_>, expected: &str| {
        let outcome = guarded.outcome(signer.sign("/Groups", BODY), BODY).await;
        assert!(outcome.starts_with(expected), "{outcome}");
    };
    let right = || Signer::of(&new);
    let plain = Request::post("/Groups").header("host", ADDRESS);
    assert_eq!(
        guarded.outcome(plain, BODY).await,
        "403 MissingAuthenticationTokenException: Missing Authentication Token"
    );
    check(
        Signer { secret: "another", ..right() },
        "403 InvalidSignatureException: The request signature we calculated does not match the signature you provided.",
    )
    .await;
    check(
        Signer { id: "AKIDEXAMPLE", ..right() },
        "403 UnrecognizedClientException: The security token included in the request is invalid.",
    )
    .await;
    check(
        Signer { ahead: -301.0, ..right() },
        "403 InvalidSignatureException: Signature expired: 20231114T220901Z is now earlier than 20231114T220902Z \
         (20231114T221402Z - 5 min.)",
    )
    .await;
    check(
        Signer { ahead: 301.0, ..right() },
        "403 InvalidSignatureException: Signature not yet current: 20231114T221903Z is still later than \
         20231114T221902Z (20231114T221402Z + 5 min.)",
    )
    .await;
    let outcome = guarded.outcome(right().sign("/Groups", BODY), "{ }").await;
    assert!(outcome.starts_with("403 InvalidSignatureException: The request signature"), "{outcome}");
    let whole = Request::post("/Groups")
        .header("host", ADDRESS)
        .header("authorization", "AWS4-HMAC-SHA256 Credential=a");
    let outcome = guarded.outcome(whole, BODY).await;
    assert!(
        outcome.starts_with("403 IncompleteSignatureException: Authorization header requires"),
        "{outcome}"
    );
}

#[tokio::test]
async fn where_the_head_says_what_the_body_is_a_stranger_is_refused_before_it() {
    let guarded = Guarded::start();
    let new = guarded.key(Policy::full());
    let signer = Signer { states_body: true, ..Signer::of(&new) };
    let refused = "403 InvalidSignatureException: The request signature we calculated";
    let never = Body::from_stream(futures_util::stream::pending::<Result<&str, std::io::Error>>());
    let stranger = Signer { secret: "another", ..signer };
    let outcome = guarded.outcome(stranger.sign("/Groups", BODY), never).await;
    assert!(outcome.starts_with(refused), "{outcome}");
    assert_eq!(guarded.outcome(signer.sign("/Groups", BODY), BODY).await, "");
    let outcome = guarded.outcome(signer.sign("/Groups", BODY), "{ }").await;
    assert!(outcome.contains("'x-amz-content-sha256' header does not match"), "{outcome}");
}

#[tokio::test]
async fn a_presigned_url_works_until_it_expires() {
    let guarded = Guarded::start();
    let new = guarded.key(Policy::full());
    let presigned =
        |ahead, seconds| Signer { ahead, presigned: Some(seconds), ..Signer::of(&new) }.sign("/Groups", BODY);
    assert_eq!(guarded.outcome(presigned(0.0, 900), BODY).await, "");
    assert_eq!(guarded.outcome(presigned(-800.0, 900), BODY).await, "");
    let outcome = guarded.outcome(presigned(-901.0, 900), BODY).await;
    assert!(outcome.starts_with("403 InvalidSignatureException: Signature expired: "), "{outcome}");
}

#[tokio::test]
async fn a_revoked_key_is_unknown() {
    let guarded = Guarded::start();
    let new = guarded.key(Policy::full());
    guarded.file.revoke(&new.key.id).unwrap();
    guarded.keys.reload().unwrap();
    let outcome = guarded.outcome(Signer::of(&new).sign("/Groups", BODY), BODY).await;
    assert!(outcome.starts_with("403 UnrecognizedClientException"), "{outcome}");
}

#[tokio::test]
async fn every_operation_and_every_endpoint_of_the_console_asks_who_is_there() {
    let guarded = Guarded::start();
    for path in ["/TraceSegments", "/Traces", "/CreateGroup", "/nothing"] {
        let answer = guarded.send(Request::post(path).header("host", ADDRESS), BODY).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    for path in ["/api/status", "/api/live", "/api/traces", "/api/nothing", "/metrics"] {
        let answer = guarded.get(path, &[]).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    for path in ["/healthz", "/readyz", "/signin", "/signin.css", "/api/session"] {
        assert_eq!(guarded.get(path, &[]).await.status, 200, "{path}");
    }
    assert_eq!(guarded.get("/", &[("accept", "text/html")]).await.status, 200);
}

#[tokio::test]
async fn a_server_that_does_not_know_its_peer_lets_nobody_in() {
    let guarded = Guarded::start();
    let new = guarded.key(Policy::full());
    let request = Signer::of(&new).sign("/Groups", BODY).body(Body::from(BODY)).unwrap();
    assert_eq!(guarded.server.send(request).await.status, 503);
}

#[tokio::test]
async fn a_token_opens_what_its_policy_allows() {
    let guarded = Guarded::start();
    let reader = guarded.token(Policy::read_only());
    let bearer = format!("Bearer {}", reader.secret.reveal());
    let headers = [("authorization", bearer.as_str())];
    for path in ["/api/status", "/metrics"] {
        assert_eq!(guarded.get(path, &headers).await.status, 200, "{path}");
    }
    let request = Request::post("/api/test-trace").header("host", ADDRESS).header("authorization", &bearer);
    let answer = guarded.send(request.header("content-type", "application/json"), BODY).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["detail"], "the policy of k8s-nodes does not allow fluoro:WriteConsole");
    let wrong = [("authorization", "Bearer fluoro_0")];
    assert_eq!(guarded.get("/api/status", &wrong).await.status, 401);
}

async fn sign_in(guarded: &Guarded, token: &str) -> Answer {
    let request =
        Request::post("/api/session").header("host", ADDRESS).header("content-type", "application/json");
    guarded.send(request, json!({ "token": token }).to_string()).await
}

/// The part of `Set-Cookie` that a browser sends back.
fn cookie(answer: &Answer) -> String {
    let text = answer.headers["set-cookie"].to_str().unwrap();
    assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200"), "{text}");
    text.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn signing_in_gives_a_cookie_that_opens_the_console_and_nothing_of_xray() {
    let guarded = Guarded::start();
    let new = guarded.token(Policy::full());
    let nobody = json!({
        "required": true, "name": null, "keyId": null, "mayChange": false, "mayManageKeys": false,
    });
    assert_eq!(guarded.get("/api/session", &[]).await.json(), nobody);
    assert_eq!(sign_in(&guarded, "fluoro_wrong").await.status, 401);
    let answer = sign_in(&guarded, new.secret.reveal()).await;
    assert_eq!((answer.status.as_u16(), answer.json()["name"].as_str()), (200, Some("k8s-nodes")));
    let cookie = cookie(&answer);
    let headers = [("cookie", cookie.as_str())];
    assert_eq!(guarded.get("/api/status", &headers).await.status, 200);
    let session = guarded.get("/api/session", &headers).await.json();
    assert_eq!((&session["name"], &session["mayManageKeys"]), (&json!("k8s-nodes"), &json!(true)));
    assert_eq!(guarded.get("/metrics", &headers).await.status, 401);
    let request = Request::post("/Groups").header("host", ADDRESS).header("cookie", &cookie);
    let outcome = guarded.outcome(request, BODY).await;
    assert!(outcome.starts_with("403 MissingAuthenticationTokenException"), "{outcome}");
    guarded.server.advance(12 * 3600);
    assert_eq!(guarded.get("/api/status", &headers).await.status, 401);
}

#[tokio::test]
async fn an_access_key_is_no_token() {
    let guarded = Guarded::start();
    let new = guarded.key(Policy::full());
    assert_eq!(sign_in(&guarded, new.secret.reveal()).await.status, 401);
    assert_eq!(sign_in(&guarded, &new.key.id).await.status, 401);
}

#[tokio::test]
async fn signing_out_takes_the_cookie_away() {
    let guarded = Guarded::start();
    let request = Request::delete("/api/session").header("host", ADDRESS);
    let answer = guarded.send(request, "").await;
    assert_eq!(answer.status, 204);
    let expected = "fluoro_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0";
    assert_eq!(answer.headers["set-cookie"], expected);
}

#[tokio::test]
async fn the_page_signs_in_and_leads_back() {
    let guarded = Guarded::start();
    let new = guarded.token(Policy::full());
    let page = guarded.get("/signin?next=%2Ftraces%2F1-6553f128-0", &[]).await;
    assert!(page.text().contains("value=\"/traces/1-6553f128-0\""), "{}", page.text());
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("form-action 'self'"));
    // With `no-referrer`, browsers send the origin `null` with a form.
    assert_eq!(page.headers["referrer-policy"], "same-origin");
    let submit = async |form: String| {
        let request =
            Request::post("/signin").header("host", ADDRESS).header("origin", format!("http://{ADDRESS}"));
        guarded.send(request.header("content-type", "application/x-www-form-urlencoded"), form).await
    };
    let answer = submit(format!("token={}&next=%2Ftraces%2F1-6553f128-0", new.secret.reveal())).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (303, &"/traces/1-6553f128-0".parse().unwrap())
    );
    let cookie = cookie(&answer);
    let again = guarded.get("/signin", &[("cookie", &cookie)]).await;
    assert!(again.text().contains("Signed in as k8s-nodes."));
    let wrong = submit("token=x&next=%22%3E%3Cscript%3E".to_owned()).await;
    assert_eq!(wrong.status, 401);
    assert!(
        wrong.text().contains("this is no token") && !wrong.text().contains("<script>"),
        "{}",
        wrong.text()
    );
    let out = submit("sign_out=1".to_owned()).await;
    assert!(out.headers["set-cookie"].to_str().unwrap().starts_with("fluoro_session=;"));
}

#[tokio::test]
async fn without_auth_nobody_is_asked() {
    let server = Server::start();
    let anybody = json!({
        "required": false, "name": null, "keyId": null, "mayChange": true, "mayManageKeys": false,
    });
    assert_eq!(server.get("/api/session").await.json(), anybody);
    assert_eq!(server.get("/signin").await.headers["location"], "/");
    let ignored =
        Request::post("/Groups").header("host", ADDRESS).header("authorization", "AWS4-HMAC-SHA256 nonsense");
    assert_eq!(server.send(ignored.body(Body::empty()).unwrap()).await.status, 200);
}

#[tokio::test]
async fn an_expired_key_is_told_that_it_is() {
    let guarded = Guarded::start();
    let admin = format!("Bearer {}", guarded.token(Policy::full()).secret.reveal());
    let post =
        |path: &str| Request::post(path).header("host", ADDRESS).header("content-type", "application/json");
    let policy = serde_json::to_string(&Policy::full()).unwrap();
    let wanted =
        json!({ "name": "ci", "kind": "consoleToken", "policy": policy, "expires": (T + 60.0) * 1e3 });
    let made = post("/api/keys").header("authorization", &admin);
    let made = guarded.send(made, wanted.to_string()).await.json();
    assert_eq!((&made["key"]["expires"], &made["key"]["used"]), (&json!((T + 60.0) * 1e3), &json!(null)));
    let token = made["secret"].as_str().unwrap().to_owned();
    let header = format!("Bearer {token}");
    assert_eq!(guarded.get("/api/status", &[("authorization", &header)]).await.status, StatusCode::OK);
    let listed = guarded.get("/api/keys", &[("authorization", &admin)]).await.json();
    assert_eq!(listed["keys"][1]["used"], json!(T * 1e3));
    guarded.server.advance(60);
    let sentence = "of ci expired at 2023-11-14T22:15:00Z; ask for a new one.";
    let answer = guarded.get("/api/status", &[("authorization", &header)]).await;
    assert!(
        answer.status == StatusCode::UNAUTHORIZED && answer.text().contains(sentence),
        "{}",
        answer.text()
    );
    let outcome = guarded.outcome(post("/Groups").header("authorization", &header), BODY).await;
    assert!(outcome.starts_with("403 ExpiredTokenException: ") && outcome.ends_with(sentence), "{outcome}");
    assert!(sign_in(&guarded, &token).await.text().contains(sentence));
}

#[tokio::test]
async fn keys_are_made_and_revoked_by_who_may() {
    let guarded = Guarded::start();
    let admin = format!("Bearer {}", guarded.token(Policy::full()).secret.reveal());
    let reader = format!("Bearer {}", guarded.token(Policy::read_only()).secret.reveal());
    assert_eq!(guarded.get("/api/keys", &[("authorization", &reader)]).await.status, StatusCode::FORBIDDEN);
    let listed = guarded.get("/api/keys", &[("authorization", &admin)]).await.json();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
    let post =
        |path: &str| Request::post(path).header("host", ADDRESS).header("content-type", "application/json");
    let policy = listed["presets"][1]["policy"].as_str().unwrap();
    let wanted = json!({ "name": "ci", "kind": "consoleToken", "policy": policy }).to_string();
    let made = guarded.send(post("/api/keys").header("authorization", &admin), wanted).await.json();
    let token = format!("Bearer {}", made["secret"].as_str().unwrap());
    assert_eq!(guarded.get("/api/status", &[("authorization", &token)]).await.status, StatusCode::OK);

    let path = format!("/api/keys/{}", made["key"]["id"].as_str().unwrap());
    let delete = Request::delete(&path).header("host", ADDRESS).header("authorization", &admin);
    assert_eq!(guarded.send(delete, "").await.status, StatusCode::OK);
    assert_eq!(
        guarded.get("/api/status", &[("authorization", &token)]).await.status,
        StatusCode::UNAUTHORIZED
    );

    let vain = policy.replace("\"Allow\"", "\"Deny\"").replace("fluoro:Get*", "fluoro:GetEverything");
    let vain = json!({ "name": "ci", "kind": "accessKey", "policy": vain }).to_string();
    let refused = guarded.send(post("/api/keys").header("authorization", &admin), vain).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text());
    assert!(refused.text().contains("denies fluoro:GetEverything, which is no action"), "{}", refused.text());

    let wrong = json!({ "policy": "{\"Statement\": []" }).to_string();
    let check = guarded.send(post("/api/keys/check").header("authorization", &admin), wrong).await.json();
    assert!(check["error"].as_str().unwrap().contains("line 1"));
    // The console's way to operations asks for the operation's own permission.
    let body = json!({ "GroupName": "g", "FilterExpression": "fault" }).to_string();
    let create = post("/api/xray/CreateGroup").header("authorization", &reader);
    assert_eq!(guarded.send(create, body).await.status, StatusCode::FORBIDDEN);
    let read = post("/api/xray/GetGroups").header("authorization", &reader);
    assert_eq!(guarded.send(read, "{}").await.status, StatusCode::OK);
}
