//! That what is read, sent and judged of recorded traces is what was recorded.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::export::{exported, request};
use super::folder::Folder;
use super::span::{Span, read, service_of};
use super::{Options, Played, outcome, script};

const HEADER: &str =
    "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n";
/// 2024-03-01 10:00:00 UTC.
const TEN: i64 = 1_709_287_200;
const SHOP: &str = "shop-5d9f8c7b6-abcde";
const STOCK: &str = "stock-6f6cfc45b-h5m2n";

/// A request to the shop, which asks the stock; milliseconds after ten o'clock, and what the way to the stock takes.
fn visit(csv: &mut String, number: i64, start: i64, way: i64) {
    let line = |id: i64, parent: &str, pod: &str, operation: &str, from: i64, to: i64| {
        let nanos = |millis: i64| (TEN * 1_000 + start + millis) * 1_000_000;
        format!("{number:032x},{id:016x},{parent},{pod},{operation},{},{},0\n", nanos(from), nanos(to))
    };
    // Some are a little slower, as real ones are.
    let own = 4 + number % 3;
    csv.push_str(&line(1, "root", SHOP, "/buy", 0, own + way + 5));
    csv.push_str(&line(2, &format!("{:016x}", 1), SHOP, "HTTP GET", 1, way + 4));
    csv.push_str(&line(3, &format!("{:016x}", 2), STOCK, "/stock/{item}", 1 + way / 2, 4 + way / 2));
    csv.push_str(&line(4, &format!("{:016x}", 3), STOCK, "SELECT shop.items", 2 + way / 2, 3 + way / 2));
}

/// Two minutes of a shop; 25 s after ten the way to the stock takes 300 ms. The minute after that is missing.
fn shop(folder: &Path) {
    let usual = folder.join("construct_data/2024-03-01/trace");
    let around = folder.join("rca_data/2024-03-01/trace");
    fs::create_dir_all(&usual).unwrap();
    fs::create_dir_all(&around).unwrap();
    let mut csv = HEADER.to_owned();
    for number in 0..60 {
        visit(&mut csv, 1_000 + number, -3_600_000 + number * 1_000, 2);
    }
    fs::write(usual.join("09_00_trace.csv"), csv).unwrap();
    for (minute, name) in [(0, "10_00_trace.csv"), (2, "10_02_trace.csv")] {
        let mut csv = HEADER.to_owned();
        for number in 0..60 {
            let start = minute * 60_000 + number * 1_000;
            visit(&mut csv, 1 + minute * 60 + number, start, if start < 25_000 { 2 } else { 300 });
        }
        fs::write(around.join(name), csv).unwrap();
    }
    let mut list = String::from("{");
    // The second one is of an hour of which nothing is there; the first was written down a minute late.
    for (hour, at, stamp, kind) in [
        ("10", "2024-03-01 10:01:25", TEN + 25, "network_delay"),
        ("11", "2024-03-01 11:00:00", TEN + 3_600, "cpu_contention"),
    ] {
        let comma = if list.len() > 1 { "," } else { "" };
        let _ = write!(
            list,
            r#"{comma}"{hour}": [{{"inject_time": "{at}", "inject_timestamp": "{stamp}", "inject_pod": "{STOCK}", "inject_type": "{kind}"}}]"#
        );
    }
    list.push('}');
    fs::write(folder.join("rca_data/2024-03-01/2024-03-01-fault_list.json"), list).unwrap();
}

fn options(folder: &Path) -> Options {
    let arguments = [folder.to_str().unwrap(), "--usual", "120", "--threads", "1"];
    Options::read(arguments.into_iter().map(str::to_owned)).unwrap()
}

#[test]
fn a_delay_in_a_small_shop_is_named_and_what_is_missing_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let opened = Folder::open(folder.path()).unwrap();
    let faults: Vec<_> = opened.faults().collect();
    let played = options(folder.path()).play(&opened, &faults).unwrap();
    let [Played::Judged(outcome), Played::LeftOut] = played.as_slice() else { panic!("one is played") };
    assert!(outcome.is_on_top(), "{outcome:?}");
    assert!(outcome.seconds.is_some_and(|seconds| seconds < 15.0), "{outcome:?}");
    assert_eq!((outcome.victims.as_slice(), outcome.alarms.as_slice()), (&[][..], &[][..]));
    let table = super::report::table(&faults, &played);
    assert!(table.contains("left out, since none of their minutes is there: 1"), "{table}");
}

#[test]
fn usual_traffic_comes_right_before_the_fault_and_no_request_comes_twice() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let opened = Folder::open(folder.path()).unwrap();
    let fault = opened.faults().next().unwrap();
    assert_eq!((fault.at, fault.service(), fault.clock_time().as_str()), (TEN + 25, "stock", "10:00"));
    let script = script::script(&opened, fault, 200.0).unwrap().unwrap();
    assert_eq!(script.onset, (TEN + 25) as f64);
    assert!((198.0..=200.0).contains(&(script.onset - script.start)), "{}", script.onset - script.start);
    let pauses = script.traces.windows(2).map(|pair| pair[1].start - pair[0].start);
    assert!(pauses.clone().all(|pause| (0..=1_000_000_000).contains(&pause)), "{:?}", pauses.max());
    let mut ids: Vec<u128> = script.traces.iter().map(|trace| trace.spans[0].trace).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(
        (ids.len(), script.callers.iter().map(String::as_str).collect::<Vec<_>>()),
        (count, vec!["shop"])
    );
}

#[test]
fn a_call_a_service_and_a_query_are_sent_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.csv");
    let mut csv = HEADER.to_owned();
    visit(&mut csv, 7, 0, 2);
    fs::write(&path, csv).unwrap();
    let sent = exported(&read(&path).unwrap());
    let of = |place: usize| {
        let json = request(&sent[place].pod, &sent[place..=place]);
        let span = json["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone();
        let attributes: Vec<String> = span["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                format!("{}={}", one["key"].as_str().unwrap(), one["value"]["stringValue"].as_str().unwrap())
            })
            .collect();
        (span["kind"].as_i64().unwrap(), attributes.join(" "))
    };
    let expected = [
        (2, "url.path=/buy http.route=/buy url.scheme=http http.request.method=GET"),
        (3, "url.full=http://stock:8080/stock/{item} server.address=stock http.request.method=GET"),
        (2, "url.path=/stock/{item} http.route=/stock/{item} url.scheme=http http.request.method=GET"),
        (3, "db.system=mysql db.name=shop"),
    ];
    for (place, (kind, attributes)) in expected.into_iter().enumerate() {
        assert_eq!(of(place), (kind, attributes.to_owned()));
    }
}

#[test]
fn calls_by_grpc_and_queues_are_told_by_their_names() {
    let span = |id: u64, parent: Option<u64>, pod: &str, operation: &str| Span {
        trace: 1,
        id,
        parent,
        pod: pod.to_owned(),
        operation: operation.to_owned(),
        start: 1,
        end: 2,
    };
    let trace = [
        span(1, None, SHOP, "shop.Front/Recv."),
        span(2, Some(1), SHOP, "shop.Stock/Get"),
        span(3, Some(2), STOCK, "grpc.shop.Stock/Get"),
        span(4, Some(1), SHOP, "<default> send"),
        span(5, Some(4), STOCK, "orders process"),
        span(6, Some(5), STOCK, "Orders.keep"),
    ];
    let kinds: Vec<i64> = exported(&trace)
        .iter()
        .map(|span| {
            request(SHOP, std::slice::from_ref(span))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["kind"]
                .as_i64()
                .unwrap()
        })
        .collect();
    assert_eq!(kinds, [2, 3, 2, 4, 5, 1]);
}

#[test]
fn a_pod_is_an_instance_of_its_service() {
    for (pod, service) in [
        ("frontend-579b9bff58-t2dbm", "frontend"),
        ("ts-gateway-service-6f6cfc45b-h5m2n", "ts-gateway-service"),
        ("postgres-0", "postgres-0"),
        ("one-two-three", "one-two-three"),
    ] {
        assert_eq!(service_of(pod), service);
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let said = |error: anyhow::Error| format!("{error:#}");
    let missing = folder.path().join("none");
    assert!(said(Folder::open(&missing).unwrap_err()).contains("none/rca_data"));
    fs::create_dir_all(folder.path().join("rca_data/2024-03-01")).unwrap();
    assert!(said(Folder::open(folder.path()).unwrap_err()).contains("holds no DAY/DAY-fault_list.json"));

    let path = folder.path().join("broken.csv");
    let mut good = HEADER.to_owned();
    visit(&mut good, 7, 0, 2);
    for (line, complaint) in [
        ("1,2,root", "expected 8 fields and found 3"),
        ("x,0000000000000001,root,a,b,1,2,1", "\"x\" is no trace id"),
        ("01,0,root,a,b,1,2,1", "\"0\" is no span id"),
        ("01,01,none,a,b,1,2,1", "the parent \"none\""),
        ("01,01,root,a,b,soon,2,1", "the start \"soon\""),
        ("01,01,root,a,b,3,2,1", "ends before it starts"),
        ("01,01,root,,b,1,2,1", "the pod has no name"),
    ] {
        fs::write(&path, format!("{good}{line}\n")).unwrap();
        let said = said(read(&path).unwrap_err());
        assert!(said.contains("broken.csv, line 6") && said.contains(complaint), "{said}");
    }
    fs::write(&path, "TraceID\n").unwrap();
    assert!(said(read(&path).unwrap_err()).contains("broken.csv, line 1: expected the columns TraceID,"));

    shop(folder.path());
    let list = folder.path().join("rca_data/2024-03-01/2024-03-01-fault_list.json");
    fs::write(&list, r#"{"10": [{"inject_time": "yesterday"}]}"#).unwrap();
    let said = said(Folder::open(folder.path()).unwrap_err());
    assert!(said.contains("fault 1 of hour 10") && said.contains("\"yesterday\" is no time"), "{said}");
}

#[test]
fn a_way_counts_for_a_delay_of_the_network_alone() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let opened = Folder::open(folder.path()).unwrap();
    let faults: Vec<_> = opened.faults().collect();
    let entry = |name: &str, sentence: &str| super::super::rail::Entry {
        name: name.to_owned(),
        what: super::super::rail::What::Slow,
        weight: "degraded".to_owned(),
        since: 0.0,
        failing: None,
        requests: None,
        users: None,
        sentence: sentence.to_owned(),
    };
    let way = entry("other", "The way from stock to other: 2.0 ms usually, 300 ms now for 9 s");
    assert!(outcome::is_right(&way, faults[0]) && !outcome::is_right(&way, faults[1]));
    let node = entry("stock", "stock is slow: 2.0 ms usually, 300 ms now for 9 s");
    assert!(outcome::is_right(&node, faults[0]) && outcome::is_right(&node, faults[1]));
    assert!(!outcome::is_right(&entry("shop", "shop is slow: 2.0 ms usually"), faults[0]));
}
