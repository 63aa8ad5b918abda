//! What the demo sends, taken apart again.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use clap::Parser;
use serde_json::Value;
use tokio::net::UdpSocket;

use super::*;

const BEGIN: Duration = Duration::from_secs(1_795_402_948);
const TRACE_ID: &str = "1-6b03acc4-f846d8deae276122e7bad6f5";

/// The documents of one request, parsed.
fn play(kind: Kind, seed: u64, is_outage: bool) -> Vec<Value> {
    datagrams(kind, seed, is_outage)
        .iter()
        .map(|datagram| {
            let header_end = datagram.iter().position(|&byte| byte == b'\n').expect("a header line");
            serde_json::from_slice(&datagram[header_end + 1..]).expect("a JSON document")
        })
        .collect()
}

fn datagrams(kind: Kind, seed: u64, is_outage: bool) -> Vec<Vec<u8>> {
    let take = kind.play(Scene::new(Random::new(seed, 0), is_outage));
    take.documents.iter().map(|document| document.to_datagram(TRACE_ID, BEGIN)).collect()
}

/// Every entity of a document, the outermost first.
fn entities(document: &Value) -> Vec<&Value> {
    let mut all = vec![document];
    for subsegment in document["subsegments"].as_array().into_iter().flatten() {
        all.extend(entities(subsegment));
    }
    all
}

fn is_in_progress(document: &Value) -> bool {
    document["in_progress"] == true
}

#[test]
fn every_datagram_is_framed_and_decodes() {
    for kind in Kind::ALL {
        for is_outage in [false, true] {
            for datagram in datagrams(kind, 7, is_outage) {
                let document = wire::frame::split(&datagram).expect("a frame");
                if let Err(reject) = wire::decode(Bytes::copy_from_slice(document)) {
                    panic!("{}: {reject}: {}", kind.name(), reject.detail);
                }
            }
        }
    }
}

#[test]
fn every_document_fits_a_datagram_of_the_daemon() {
    for kind in Kind::ALL {
        for datagram in datagrams(kind, 3, false) {
            assert!(datagram.len() < 60_000, "{}: {} bytes", kind.name(), datagram.len());
        }
    }
}

#[test]
fn ids_are_unique_but_for_the_announcement_of_a_segment() {
    for kind in Kind::ALL {
        let mut seen = BTreeSet::new();
        for document in play(kind, 11, false).iter().filter(|document| !is_in_progress(document)) {
            for entity in entities(document) {
                assert!(seen.insert(entity["id"].to_string()), "{}: {} twice", kind.name(), entity["id"]);
            }
        }
    }
}

#[test]
fn every_parent_is_an_entity_of_the_trace() {
    for kind in Kind::ALL {
        let documents = play(kind, 5, false);
        let ids: BTreeSet<String> =
            documents.iter().flat_map(entities).map(|entity| entity["id"].to_string()).collect();
        let roots = documents.iter().filter(|document| {
            let parent = &document["parent_id"];
            assert!(parent.is_null() || ids.contains(&parent.to_string()), "{}: {parent}", kind.name());
            parent.is_null() && !is_in_progress(document)
        });
        assert_eq!(roots.count(), 1, "{}", kind.name());
    }
}

#[test]
fn a_seed_repeats_a_request_to_the_byte_and_another_seed_does_not() {
    for kind in Kind::ALL {
        assert_eq!(datagrams(kind, 42, false), datagrams(kind, 42, false), "{}", kind.name());
        assert_ne!(datagrams(kind, 42, false), datagrams(kind, 43, false), "{}", kind.name());
    }
}

#[test]
fn a_callee_is_sent_before_its_caller_and_ends_within_the_call() {
    let documents = play(Kind::Greeting, 1, false);
    let names: Vec<&str> = documents.iter().filter_map(|document| document["name"].as_str()).collect();
    assert_eq!(names, ["SpringBoot2", "SpringBoot2", "SpringBoot2", "SpringBoot"]);
    let caller = &documents[3];
    for (call, callee) in caller["subsegments"].as_array().expect("calls").iter().zip(&documents) {
        assert_eq!(call["name"], "springboot2.default");
        assert_eq!(call["id"], callee["parent_id"]);
        assert!(call["start_time"].as_f64() <= callee["start_time"].as_f64());
        assert!(call["end_time"].as_f64() >= callee["end_time"].as_f64());
    }
}

#[test]
fn in_an_outage_the_call_carries_the_lookup_failure_and_the_caller_its_wrappings() {
    let documents = play(Kind::Greeting, 1, true);
    assert_eq!(documents.len(), 1, "SpringBoot2 sends nothing");
    let segment = &documents[0];
    assert_eq!(segment["fault"], true);
    let call = &segment["subsegments"][0];
    let origin = &call["cause"]["exceptions"][0];
    assert_eq!(origin["type"], "java.net.UnknownHostException");
    assert_eq!(origin["message"], "springboot2.default: Name or service not known");
    let chain = segment["cause"]["exceptions"].as_array().expect("a chain");
    assert_eq!(chain[0]["type"], "org.springframework.web.util.NestedServletException");
    assert_eq!(chain[0]["cause"], chain[1]["id"]);
    assert_eq!(chain[1]["cause"], origin["id"]);
}

#[test]
fn a_report_is_announced_then_streamed_then_completed() {
    let documents = play(Kind::Report, 1, false);
    let (first, rest) = documents.split_first().expect("documents");
    let (last, streamed) = rest.split_last().expect("documents");
    assert!(is_in_progress(first) && first["end_time"].is_null());
    assert!(streamed.len() > 30);
    assert!(streamed.iter().all(|document| document["type"] == "subsegment"));
    assert_eq!(last["id"], first["id"]);
    assert!(last["end_time"].is_number());
}

#[test]
fn a_busy_third_party_throttles_and_a_broken_one_faults_to_the_front() {
    let root = |kind| play(kind, 1, false).pop().expect("a root");
    assert_eq!(root(Kind::CardGateBusy)["throttle"], true);
    assert_eq!(root(Kind::CardGateDown)["fault"], true);
    assert_eq!(root(Kind::CardDeclined)["error"], true);
    assert_eq!(root(Kind::Checkout)["fault"], Value::Null);
}

#[test]
fn latencies_lie_around_their_median() {
    let mut latencies: Vec<Duration> =
        (0..1001).map(|request| Random::new(1, request).latency(100.0)).collect();
    latencies.sort();
    let (median, p99) = (latencies[500].as_millis(), latencies[990].as_millis());
    assert!((90..111).contains(&median), "{median}");
    assert!((200..450).contains(&p99), "{p99}");
}

#[test]
fn two_percent_of_charges_fail_at_the_card_gate() {
    let mut counts: BTreeMap<Kind, f64> = BTreeMap::new();
    for request in 0..20_000 {
        *counts.entry(Kind::any(&mut Random::new(9, request))).or_default() += 1.0;
    }
    let of = |kind| counts.get(&kind).copied().unwrap_or_default();
    let charges =
        of(Kind::Checkout) + of(Kind::CardDeclined) + of(Kind::CardGateDown) + of(Kind::CardGateBusy);
    let share = of(Kind::CardGateDown) / charges;
    assert!((0.01..0.04).contains(&share), "{share}");
}

#[test]
fn an_endless_demo_recovers_and_a_bounded_one_stays_broken() {
    let begin = Duration::from_secs(30);
    let check = |outage: Outage, after: u64, expected: bool| {
        assert_eq!(outage.is_on(Duration::from_secs(after)), expected, "{outage:?} after {after} s");
    };
    check(Outage::Never, 1000, false);
    check(Outage::From(begin), 29, false);
    check(Outage::From(begin), 30, true);
    check(Outage::From(begin), 1000, true);
    check(Outage::Recurring(begin), 29, false);
    check(Outage::Recurring(begin), 30, true);
    check(Outage::Recurring(begin), 200, false);
    check(Outage::Recurring(begin), 370, true);
}

#[test]
fn the_next_change_is_known() {
    let seconds = |number| Duration::from_secs(number);
    let check = |outage: Outage, elapsed, expected: Option<u64>| {
        assert_eq!(outage.lasts(seconds(elapsed)), expected.map(seconds), "{outage:?} {elapsed}");
    };
    let begin = seconds(30);
    check(Outage::Never, 5, None);
    check(Outage::From(begin), 5, Some(25));
    check(Outage::From(begin), 30, None);
    check(Outage::Recurring(begin), 5, Some(25));
    check(Outage::Recurring(begin), 30, Some(150));
    check(Outage::Recurring(begin), 180, Some(180));
    check(Outage::Recurring(begin), 360, Some(150));
}

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

#[test]
fn the_command_line_and_the_default_agree() {
    let Line { args } = Line::try_parse_from(["demo"]).expect("no flag is needed");
    assert_eq!(format!("{args:?}"), format!("{:?}", Args::default()));
    let Line { args } =
        Line::try_parse_from(["demo", "--duration", "1m30s", "--outage-after", "500ms"]).expect("durations");
    assert_eq!(args.duration, Some(Duration::from_secs(90)));
    assert_eq!(args.outage_after, Some(Duration::from_millis(500)));
    assert!(Line::try_parse_from(["demo", "--duration", "-1s"]).is_err());
}

#[tokio::test]
async fn once_sends_one_request_of_each_kind_and_ends() {
    let sink = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let endpoint = sink.local_addr().expect("an address").to_string();
    let args = Args { endpoint, once: true, quiet: true, seed: Some(1), ..Args::default() };
    let demo = tokio::spawn(run(args, Colour::Off, CancellationToken::new()));
    let mut traces = BTreeSet::new();
    let mut buffer = vec![0; 65_536];
    while traces.len() < Kind::ALL.len() {
        let length = sink.recv(&mut buffer).await.expect("a datagram");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let (_, document) = text.split_once('\n').expect("a header");
        let document: Value = serde_json::from_str(document).expect("JSON");
        traces.insert(document["trace_id"].to_string());
    }
    demo.await.expect("no panic").expect("a run");
}

#[tokio::test]
async fn an_endless_demo_ends_when_it_is_told_to() {
    let sink = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let endpoint = sink.local_addr().expect("an address").to_string();
    let shutdown = CancellationToken::new();
    let demo =
        tokio::spawn(run(Args { endpoint, quiet: true, ..Args::default() }, Colour::Off, shutdown.clone()));
    sink.readable().await.expect("a datagram");
    shutdown.cancel();
    demo.await.expect("no panic").expect("a run");
}

#[tokio::test]
async fn a_port_without_listener_is_an_error_that_names_it() {
    let endpoint = {
        let gone = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        gone.local_addr().expect("an address").to_string()
    };
    let args = Args { endpoint: endpoint.clone(), once: true, quiet: true, ..Args::default() };
    let error = run(args, Colour::Off, CancellationToken::new()).await.expect_err("nobody listens");
    assert!(error.to_string().contains(&endpoint), "{error}");
}
