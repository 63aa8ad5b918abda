//! Spans as subsegments, beside native ones and beside other layers.

#[expect(dead_code, reason = "one recorder suffices")]
mod support;

use std::io;

use fluoro_sdk::subsegment;
use serde_json::json;
use support::{Recording, with};
use tracing::{Instrument as _, info_span};
use tracing_subscriber::layer::SubscriberExt as _;

fn recorded(work: impl FnOnce(&Recording)) -> Recording {
    let recording = with(|builder| builder);
    let layer = fluoro_sdk::tracing::layer().recorder(&recording.recorder);
    let subscriber =
        tracing_subscriber::registry().with(tracing_subscriber::fmt::layer().with_test_writer()).with(layer);
    tracing::subscriber::with_default(subscriber, || work(&recording));
    assert!(fluoro_sdk::current().is_none());
    assert_eq!(recording.recorder.stats().open_segments, 0);
    recording
}

#[test]
fn spans_and_native_entities_nest_in_each_other() {
    let recording = recorded(|recording| {
        info_span!("outside").in_scope(|| ());
        recording.recorder.segment("shop").run(|| {
            info_span!("span", annotation.tenant = "acme", number = 7, user = "ada").in_scope(|| {
                subsegment("native").run(|| info_span!("inner", otel.name = "renamed").in_scope(|| ()));
            });
            tracing::debug_span!("too fine").in_scope(|| ());
            info_span!(target: "hyper::client", "below").in_scope(|| ());
        });
    });
    assert_eq!(recording.parent("span"), "shop");
    assert_eq!(recording.parent("native"), "span");
    assert_eq!(recording.parent("renamed"), "native");
    assert_eq!(recording.entities().len(), 4);
    let span = recording.entity("span").value;
    assert_eq!(span["annotations"], json!({"tenant": "acme"}));
    assert_eq!(span["metadata"], json!({"default": {"number": 7}}));
    assert_eq!(recording.entity("shop").value["user"], "ada");
}

#[test]
fn a_span_of_a_server_is_a_segment_and_of_a_client_a_call() {
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let recording = recorded(|_| {
        info_span!("request", otel.kind = "server", xray.header = header).in_scope(|| {
            let call = info_span!(
                "GET",
                otel.kind = "client",
                http.url = "http://u:secret@h:1/x?secret",
                http.method = "GET",
                http.status_code = tracing::field::Empty
            );
            call.in_scope(|| call.record("http.status_code", 503));
            info_span!("select", db.system = "sqlite", db.statement = "select 'secret'").in_scope(|| ());
        });
        info_span!(
            "unsampled",
            otel.kind = "server",
            xray.header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"
        )
        .in_scope(|| info_span!("below").in_scope(|| ()));
    });
    let request = recording.entity("request");
    assert_eq!(request.parent.as_deref(), Some("53995c3f42cd8ad8"));
    let call = recording.entity("GET").value;
    assert_eq!((&call["namespace"], &call["fault"]), (&json!("remote"), &json!(true)));
    assert_eq!(call["http"]["request"]["url"], "http://h:1/x");
    assert_eq!(recording.entity("select").value["sql"]["sanitized_query"], "select ?");
    assert!(!format!("{:?}", recording.documents()).contains("secret"));
    assert_eq!(recording.entities().len(), 3);
}

#[test]
fn errors_are_causes() {
    let recording = recorded(|recording| {
        recording.recorder.segment("shop").run(|| {
            info_span!("load").in_scope(|| {
                let error = io::Error::other("disk is full");
                tracing::info!(error = &error as &dyn std::error::Error, "cannot load");
            });
            info_span!("save").in_scope(|| tracing::error!("cannot save"));
            info_span!("fine").in_scope(|| tracing::warn!("odd"));
        });
    });
    let message = |name: &str| recording.entity(name).value["cause"]["exceptions"][0]["message"].clone();
    assert_eq!(message("load"), "disk is full");
    assert_eq!(message("save"), "cannot save");
    assert!(recording.entity("fine").value["cause"].is_null());
    assert_eq!(recording.entity("load").value["fault"], true);
}

#[test]
fn instrumented_futures_that_interleave_do_not_mix() {
    let recording = recorded(|recording| {
        let work = |name: &'static str| {
            async move {
                tokio::task::yield_now().await;
                subsegment(format!("{name}.native")).scope(tokio::task::yield_now()).await;
                info_span!("inner", otel.name = format!("{name}.inner")).in_scope(|| ());
            }
            .instrument(info_span!("work", otel.name = name))
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let all = recording.recorder.segment("shop").begin();
        let parts = async { futures_util::future::join_all(["a", "b", "c"].map(work)).await };
        runtime.block_on(all.scope(parts));
    });
    for name in ["a", "b", "c"] {
        assert_eq!(recording.parent(name), "shop");
        assert_eq!(recording.parent(&format!("{name}.native")), name);
        assert_eq!(recording.parent(&format!("{name}.inner")), name);
    }
}

/// What a subscriber writes.
#[derive(Clone, Default)]
struct Lines(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that are logged outside of a segment, within one, within a span, and within what is not recorded.
fn logged<F>(format: F) -> (Vec<String>, Recording)
where
    F: tracing_subscriber::fmt::FormatEvent<
            tracing_subscriber::layer::Layered<fluoro_sdk::tracing::SpanLayer, tracing_subscriber::Registry>,
            tracing_subscriber::fmt::format::JsonFields,
        > + Send
        + Sync
        + 'static,
{
    let recording = with(|builder| builder);
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::registry().with(fluoro_sdk::tracing::layer()).with(
        tracing_subscriber::fmt::layer()
            .fmt_fields(tracing_subscriber::fmt::format::JsonFields::new())
            .event_format(fluoro_sdk::tracing::TraceIdFormat::new(format))
            .with_writer(move || writer.clone()),
    );
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("outside");
        recording.recorder.segment("shop").run(|| {
            tracing::info!("within");
            info_span!("load", user = "ada").in_scope(|| tracing::info!("deeper"));
        });
        recording.recorder.segment("shop").sampled(false).run(|| tracing::info!("unsampled"));
    });
    let text = lines.0.lock().expect("nobody panics with it").clone();
    let text = String::from_utf8(text).expect("text");
    (text.lines().map(str::to_owned).collect(), recording)
}

#[test]
fn lines_tell_the_trace_and_the_entity_they_were_written_in() {
    let (lines, recording) = logged(tracing_subscriber::fmt::format().with_ansi(false));
    let trace = recording.entity("shop").value["trace_id"].as_str().unwrap().to_owned();
    let [shop, load] = ["shop", "load"].map(|name| recording.entity(name).id);
    let line = |message: &str, id: &str| format!("tracing: {{\"message\":\"{message}\"}}{id}");
    let id = |entity: &str| format!(" AWS-XRAY-TRACE-ID: {trace}@{entity}");
    assert!(lines[0].ends_with(&line("outside", "")), "{lines:?}");
    assert!(lines[1].ends_with(&line("within", &id(&shop))), "{lines:?}");
    assert!(lines[2].ends_with(&line("deeper", &id(&load))), "{lines:?}");
    assert!(lines[3].ends_with(&line("unsampled", "")), "{lines:?}");
}

#[test]
fn json_lines_have_it_as_a_member() {
    let (lines, recording) = logged(tracing_subscriber::fmt::format().json());
    let trace = recording.entity("shop").value["trace_id"].as_str().unwrap().to_owned();
    let lines: Vec<serde_json::Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<_> = lines.iter().map(|line| line["xray_trace_id"].as_str().map(str::to_owned)).collect();
    let id = |name| Some(format!("{trace}@{}", recording.entity(name).id));
    assert_eq!(ids, [None, id("shop"), id("load"), None]);
    assert_eq!(lines[2]["span"]["user"], "ada");
}
