//! Real requests over TCP: axum's server and reqwest's client.

#[expect(dead_code, reason = "it looks at documents, not at trees")]
mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use fluoro_sdk::tower::SegmentLayer;
use fluoro_sdk::{Naming, RecorderBuilder};
use reqwest_middleware::ClientWithMiddleware;
use serde_json::{Value, json};
use support::{Recording, with};
use tokio::net::TcpListener;

const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

struct Served {
    recording: Recording,
    address: SocketAddr,
    client: ClientWithMiddleware,
}

async fn serve(
    set_up: impl FnOnce(RecorderBuilder) -> RecorderBuilder,
    layer: impl FnOnce(SegmentLayer) -> SegmentLayer,
    routes: Router,
) -> Served {
    let recording = with(set_up);
    let app = routes.layer(layer(SegmentLayer::new().recorder(&recording.recorder)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Served { recording, address, client: client() }
}

fn client() -> ClientWithMiddleware {
    reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
        .with(fluoro_sdk::reqwest::Calls::new())
        .build()
}

impl Served {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until so many documents have come; the server ends a segment when it has written the answer.
    async fn documents(&self, count: usize) -> Vec<Value> {
        let wait = async {
            while self.recording.recorder.stats().ended < count as u64 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), wait).await.expect("segments end");
        self.recording.documents()
    }
}

#[tokio::test]
async fn a_request_is_a_segment_with_what_http_says_of_it() {
    let routes = Router::new().route(
        "/user/{id}",
        get(|| async {
            fluoro_sdk::annotate("tenant", "acme");
            "hello"
        }),
    );
    let served = serve(|builder| builder, |layer| layer, routes).await;
    let header = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=?");
    let request = served
        .client
        .get(served.url("/user/7?token=secret"))
        .header("X-Amzn-Trace-Id", header)
        .header("User-Agent", "test");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["x-amzn-trace-id"], format!("Root={ROOT};Sampled=1"));
    assert_eq!(response.text().await.unwrap(), "hello");
    let [document] = &served.documents(1).await[..] else { panic!("one") };
    assert_eq!((&document["trace_id"], &document["parent_id"]), (&json!(ROOT), &json!("53995c3f42cd8ad8")));
    assert_eq!(document["annotations"]["tenant"], "acme");
    let url = served.url("/user/7");
    assert_eq!(
        document["http"],
        json!({
            "request": {"method": "GET", "url": url, "user_agent": "test", "client_ip": "127.0.0.1"},
            "response": {"status": 200, "content_length": 5},
        })
    );
}

#[tokio::test]
async fn each_status_has_its_flags() {
    let with_status = |status: u16| get(move || async move { StatusCode::from_u16(status).unwrap() });
    let routes = Router::new()
        .route("/404", with_status(404))
        .route("/429", with_status(429))
        .route("/500", with_status(500))
        .route("/204", with_status(204));
    let served = serve(|builder| builder, |layer| layer.respond(false), routes).await;
    for (count, (path, flags)) in [
        ("/204", json!([null, null, null])),
        ("/404", json!([true, null, null])),
        ("/429", json!([true, true, null])),
        ("/500", json!([null, null, true])),
        ("/nowhere", json!([true, null, null])),
    ]
    .into_iter()
    .enumerate()
    {
        let response = served
            .client
            .get(served.url(path))
            .header("X-Forwarded-For", "203.0.113.7, 10.0.0.1")
            .send()
            .await
            .unwrap();
        assert!(!response.headers().contains_key("x-amzn-trace-id"));
        let document = served.documents(count + 1).await.pop().unwrap();
        assert_eq!(json!([document["error"], document["throttle"], document["fault"]]), flags, "{path}");
        assert_eq!(document["http"]["request"]["client_ip"], "203.0.113.7");
        assert_eq!(document["http"]["request"]["x_forwarded_for"], true);
        assert!(document["metadata"].is_null(), "{document}");
    }
}

#[tokio::test]
async fn rules_decide_by_the_request_and_names_by_its_host() {
    let rules = r#"{"version":2,"rules":[{"host":"*","http_method":"GET","url_path":"/healthcheck","fixed_target":0,"rate":0}],
        "default":{"fixed_target":1,"rate":1}}"#;
    let memory = fluoro_sdk::Memory::default();
    let recorder = fluoro_sdk::Recorder::builder()
        .sampling_rules(rules)
        .emitter(memory.clone())
        .environment(|_| None)
        .build()
        .unwrap();
    let naming = Naming::dynamic("127.0.0.1:*", "other");
    let layer = SegmentLayer::new().recorder(&recorder).naming(naming);
    let app = Router::new().route("/", get(|| async {})).route("/healthcheck", get(|| async {})).layer(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    for path in ["/healthcheck", "/"] {
        client().get(format!("http://{address}{path}")).send().await.unwrap();
    }
    assert_eq!((recorder.stats().unsampled, recorder.stats().sampled), (1, 1));
    assert!(recorder.flush(Duration::from_secs(120)));
    let document: Value = serde_json::from_str(&memory.json()[0]).unwrap();
    assert_eq!(document["name"], address.to_string());
}

#[tokio::test]
async fn a_call_is_a_subsegment_whose_callee_goes_on_with_it() {
    let second = serve(
        |builder| builder.name("second"),
        |layer| layer,
        Router::new().route("/hello", get(|| async { "hi" })),
    )
    .await;
    let (url, client) = (second.url("/hello?token=secret"), Arc::new(client()));
    let routes = Router::new()
        .route("/", get(move || async move { client.get(&url).send().await.unwrap().text().await.unwrap() }));
    let first = serve(|builder| builder.name("first"), |layer| layer, routes).await;
    let body = reqwest::get(first.url("/")).await.unwrap().text().await.unwrap();
    assert_eq!(body, "hi");
    let caller = first.documents(1 + 1).await.remove(0);
    let callee = second.documents(1).await.remove(0);
    let call = &caller["subsegments"][0];
    assert_eq!((&call["name"], &call["namespace"]), (&json!("127.0.0.1"), &json!("remote")));
    assert_eq!(
        call["http"],
        json!({"request": {"method": "GET", "url": second.url("/hello")}, "response": {"status": 200, "content_length": 2}})
    );
    assert_eq!((&callee["trace_id"], &callee["parent_id"]), (&caller["trace_id"], &call["id"]));
}

#[tokio::test]
async fn a_refused_call_tells_why_and_no_secret() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = client();
    let routes = Router::new().route(
        "/",
        get(move || async move {
            let called = client.get(format!("http://ada:hidden@{free}/x?token=secret")).send().await;
            let Err(error) = called else { return StatusCode::OK };
            fluoro_sdk::error(&error);
            StatusCode::INTERNAL_SERVER_ERROR
        }),
    );
    let served = serve(|builder| builder, |layer| layer, routes).await;
    reqwest::get(served.url("/")).await.unwrap();
    let document = served.documents(2).await.remove(0);
    let call = &document["subsegments"][0];
    assert_eq!((&document["fault"], &call["fault"]), (&json!(true), &json!(true)));
    let exception = &call["cause"]["exceptions"][0];
    assert!(exception["message"].as_str().unwrap().to_lowercase().contains("refused"), "{exception}");
    assert!(!exception["stack"].as_array().unwrap().is_empty());
    assert_eq!(document["cause"], exception["id"], "who passes the error on tells of it once");
    let text = document.to_string();
    assert!(!text.contains("secret") && !text.contains("hidden"), "{text}");
}

#[tokio::test]
async fn client_disconnect_ends_the_segment_with_a_mark() {
    async fn endless() -> Body {
        Body::from_stream(futures_util::stream::unfold((), |()| async {
            tokio::task::yield_now().await;
            Some((Ok::<_, std::io::Error>(vec![b'x'; 1 << 16]), ()))
        }))
    }
    let routes =
        Router::new().route("/endless", get(endless)).route("/never", get(std::future::pending::<()>));
    let served = serve(|builder| builder, |layer| layer, routes).await;
    let response = reqwest::get(served.url("/endless")).await.unwrap();
    drop(response);
    let body = served.documents(1).await.remove(0);
    assert_eq!(body["metadata"]["fluoro"]["cancelled"], true);
    assert_eq!(body["http"]["response"]["status"], 200);
    // It leaves once the server has the request, however long that takes.
    let waiting = tokio::spawn(reqwest::get(served.url("/never")));
    let begins = async {
        while served.recording.recorder.stats().sampled < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), begins).await.expect("the request arrives");
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    let head = served.documents(2).await.remove(1);
    assert_eq!(head["metadata"]["fluoro"]["cancelled"], true);
    assert!(head["http"]["response"].is_null() && head["fault"].is_null(), "{head}");
    assert_eq!(served.recording.recorder.stats().open_segments, 0);
}

#[tokio::test]
async fn a_panic_of_a_handler_is_a_fault() {
    async fn handler() -> &'static str {
        panic!("out of cheese")
    }
    let served = serve(|builder| builder, |layer| layer, Router::new().route("/", get(handler))).await;
    assert!(reqwest::get(served.url("/")).await.is_err());
    let document = served.documents(1).await.remove(0);
    assert_eq!(document["fault"], true);
    assert_eq!(document["cause"]["exceptions"][0]["type"], "panic");
}

#[tokio::test]
async fn handlers_find_the_entity_in_the_extensions() {
    let routes = Router::new().route(
        "/",
        get(|request: Request<Body>| async move {
            let entity = request.extensions().get::<fluoro_sdk::Entity>().unwrap();
            assert_eq!(entity.id(), fluoro_sdk::current().unwrap().id());
        }),
    );
    let served = serve(|builder| builder, |layer| layer, routes).await;
    assert_eq!(reqwest::get(served.url("/")).await.unwrap().status(), 200);
    served.documents(1).await;
}
