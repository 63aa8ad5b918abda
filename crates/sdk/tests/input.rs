//! Bytes of strangers: names, keys, values and headers of any kind, clocks that jump, and more than anybody reads.

#[expect(dead_code, reason = "it looks at documents, not at trees")]
mod support;

use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response};
use fluoro_sdk::tower::SegmentLayer;
use fluoro_sdk::{HttpRequest, HttpResponse, Sql, TraceHeader, subsegment};
use proptest::prelude::*;
use serde_json::Value;
use support::{recording, with};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Each document is one that the service takes, whatever is in it: `documents` decodes them.
    #[test]
    fn any_text_makes_a_document(texts in prop::collection::vec(any::<String>(), 12), numbers in any::<(f64, u64, i64)>()) {
        let recording = recording();
        let text = |index: usize| texts[index].clone();
        recording.recorder.segment(text(0)).run(|| {
            fluoro_sdk::user(text(1));
            fluoro_sdk::annotate(text(2), text(3));
            fluoro_sdk::annotate("number", numbers.0);
            fluoro_sdk::annotate("unsigned", numbers.1);
            fluoro_sdk::annotate("signed", numbers.2);
            fluoro_sdk::metadata_in(text(4), text(5), &texts);
            let child = subsegment(text(6)).enter();
            child.http_request(HttpRequest {
                method: text(7),
                url: text(8),
                user_agent: Some(text(9)),
                client_ip: Some(text(10)),
                x_forwarded_for: true,
            });
            child.http_response(HttpResponse { status: numbers.1 as u16, content_length: Some(numbers.1) });
            child.sql(Sql { sanitized_query: Some(text(11)), user: Some(text(1)), ..Sql::default() });
            child.error(&std::io::Error::other(text(3)));
        });
        prop_assert_eq!(recording.entities().len(), 2);
        prop_assert_eq!(recording.recorder.stats().open_segments, 0);
    }

    #[test]
    fn any_header_begins_a_segment_and_is_passed_on_without_harm(bytes in header_bytes()) {
        let recording = recording();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let layer = SegmentLayer::new().recorder(&recording.recorder);
        let answer = async |_: Request<Body>| {
            let sent = fluoro_sdk::current_header().map(|header| header.to_string());
            assert!(sent.is_some_and(|sent| HeaderValue::try_from(sent).is_ok()));
            Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
        };
        let service = ServiceBuilder::new().layer(layer).service(service_fn(answer));
        let mut request = Request::new(Body::empty());
        for name in ["x-amzn-trace-id", "traceparent", "host", "user-agent", "x-forwarded-for", "x-forwarded-proto"] {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                request.headers_mut().insert(name, value);
            }
        }
        let response = runtime.block_on(service.oneshot(request)).unwrap();
        drop(response);
        let stats = recording.recorder.stats();
        prop_assert_eq!((stats.sampled + stats.unsampled, stats.open_segments), (1, 0));
        prop_assert_eq!(recording.documents().len() as u64, stats.sampled);
    }

    #[test]
    fn what_is_read_of_a_header_is_read_again(text in header_text()) {
        if let Ok(header) = text.parse::<TraceHeader>() {
            prop_assert_eq!(header.to_string().parse::<TraceHeader>(), Ok(header));
        }
    }
}

/// Bytes alone hardly ever come near a header.
fn header_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned()),
        Just("Parent=53995c3f42cd8ad8".to_owned()),
        "Sampled=[01?x]",
        "(?i)(root|parent|sampled|self|lineage)= ?[0-9a-f:-]{0,40}",
        any::<String>(),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.join(";"))
}

fn header_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![header_text().prop_map(String::into_bytes), any::<Vec<u8>>()]
}

fn times(document: &Value) -> (f64, f64) {
    let time = |key: &str| document[key].as_f64().expect("a number");
    (time("start_time"), time("end_time"))
}

#[test]
fn a_clock_that_jumps_ends_nothing_before_its_start() {
    let far = Duration::from_secs(1 << 40);
    let starts = [
        SystemTime::UNIX_EPOCH,
        SystemTime::UNIX_EPOCH - Duration::from_secs(7),
        SystemTime::UNIX_EPOCH.checked_sub(far).unwrap_or(SystemTime::UNIX_EPOCH),
        SystemTime::UNIX_EPOCH.checked_add(far).unwrap_or(SystemTime::UNIX_EPOCH),
        SystemTime::now() + Duration::from_secs(3_600),
    ];
    for start in starts {
        let memory = fluoro_sdk::Memory::default();
        let recording = with(|builder| builder.emitter(memory.clone()));
        recording.recorder.segment("shop").start_at(start).run(|| subsegment("child").run(|| ()));
        assert!(recording.recorder.flush(Duration::from_secs(120)));
        let document: Value = serde_json::from_str(&memory.json()[0]).unwrap();
        let (begin, end) = times(&document);
        let (child_begin, child_end) = times(&document["subsegments"][0]);
        assert!(
            0.0 <= begin && begin <= child_begin && child_begin <= child_end && child_end <= end,
            "{document}"
        );
    }
}

#[test]
fn a_million_annotations_take_no_more_room_than_their_keys() {
    const KEYS: [&str; 8] = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff", "ggggggg", "hhhhhhhh"];
    let recording = recording();
    recording.recorder.segment("shop").run(|| {
        (0..1_000_000_usize).for_each(|number| fluoro_sdk::annotate(KEYS[number % KEYS.len()], number));
    });
    let document = recording.documents().remove(0);
    assert_eq!(document["annotations"].as_object().unwrap().len(), KEYS.len());
    assert_eq!(document["annotations"]["hhhhhhhh"], 999_999);
    assert_eq!(recording.recorder.stats().dropped, Default::default());
}
