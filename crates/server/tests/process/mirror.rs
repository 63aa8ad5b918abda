//! A service on the embedded store moves to ClickHouse while it runs, whatever the weather between them.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::child::{Ended, Fluoro, command, run, segment};
use crate::cluster::{Place, raw};
use crate::proxy::{Proxy, Weather};

/// Answers of ClickHouse that are lost before the weather is fair again.
const LOST: u32 = 3;

/// The service that is to move.
struct Old<'a> {
    directory: &'a Path,
    place: &'a Place,
    /// Where the mirror is.
    proxy: String,
}

impl Old<'_> {
    fn serve(&self, with_mirror: bool) -> Fluoro {
        let (_, store) = self.place.store.rsplit_once('/').unwrap();
        let mirror = format!("clickhouse://{}/{store}", self.proxy);
        let mut arguments = vec!["--data-dir", self.directory.to_str().unwrap(), "--audit-log", "off"];
        if with_mirror {
            arguments.extend(["--store-mirror", &mirror, "--settings", &self.place.settings]);
        }
        Fluoro::serve(&arguments)
    }
}

fn send(server: &Fluoro, numbers: std::ops::Range<u64>) -> Vec<String> {
    let (traces, documents): (Vec<String>, Vec<String>) =
        numbers.map(segment).map(|(trace, document)| (trace, document.to_string())).unzip();
    let (status, answer) = server.post("/TraceSegments", &json!({ "TraceSegmentDocuments": documents }));
    assert_eq!((status, &answer["UnprocessedTraceSegments"]), (200, &json!([])));
    traces
}

/// What the status page says of the mirror.
fn told(server: &Fluoro) -> String {
    let (_, status) = raw(server.http, "GET /api/status");
    let status: Value = serde_json::from_str(&status).unwrap();
    let facts = status["store"]["facts"].as_array().unwrap().iter();
    let mut fact = facts.filter(|fact| fact["name"] == "Mirror").map(|fact| fact["value"].to_string());
    fact.next().expect("the status tells of the mirror")
}

fn metric(server: &Fluoro, name: &str) -> f64 {
    let (_, text) = raw(server.http, "GET /metrics");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in {text}"))
}

fn is_whole(server: &Fluoro) -> Option<()> {
    (told(server).contains("has everything") && metric(server, "fluoro_mirror_behind_seconds") == 0.0)
        .then_some(())
}

fn compare(old: &Fluoro, new: &Fluoro) -> (Ended, Value) {
    let until = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + Duration::from_secs(120);
    let until = model::Timestamp(until.as_micros() as i64).floor_seconds();
    let until = jiff::Timestamp::from_second(until).unwrap().to_string();
    let (old, new) = (old.http.to_string(), new.http.to_string());
    let arguments = ["store", "compare", &old, &new, "--since", "1h", "--until", &until, "--json"];
    let ended = run(&mut command(&arguments));
    let report = serde_json::from_str(&ended.stdout).unwrap_or(Value::Null);
    (ended, report)
}

/// MR-1
#[test]
fn a_mirror_gets_what_was_there_and_what_comes_once_whatever_happens_to_it() {
    let place = Place::new();
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_, server) = place.store.split_once("://").unwrap();
    let server = server.rsplit('@').next().and_then(|rest| rest.split('/').next()).unwrap();
    let proxy = runtime.block_on(Proxy::before(server));
    let old = Old { directory: directory.path(), place: &place, proxy: proxy.address() };

    let one = old.serve(false);
    let mut traces = send(&one, 1..41);
    assert!(one.end(Signal::TERM).status.success());

    // It starts although ClickHouse is away, and says so.
    proxy.set(Weather::Away);
    let one = old.serve(true);
    traces.extend(send(&one, 41..61));
    one.eventually("the mirror to be missed", || told(&one).contains("does not answer").then_some(()));
    assert_eq!(metric(&one, "fluoro_mirror_away"), 1.0);
    proxy.set(Weather::Fair);
    one.eventually("everything to be there", || is_whole(&one));
    assert_eq!(metric(&one, "fluoro_mirror_sent_documents_total"), 60.0);
    assert_eq!(metric(&one, "fluoro_mirror_away"), 0.0);

    // What is asked is done, and nobody hears that it was.
    proxy.set(Weather::AnswersLost);
    traces.extend(send(&one, 61..101));
    runtime.block_on(proxy.disturbed(LOST));
    proxy.set(Weather::Fair);
    one.eventually("everything to be there", || is_whole(&one));

    // The process is killed when some of it may be there and some may not.
    traces.extend(send(&one, 101..141));
    let ended = one.end(Signal::KILL);
    assert!(ended.stderr.contains("the mirror"), "{}", ended.stderr);
    let one = old.serve(true);
    traces.extend(send(&one, 141..161));
    one.eventually("everything to be there", || is_whole(&one));

    // What is set up goes over by a command, and only where nothing is set up.
    let group = json!({ "GroupName": "shop", "FilterExpression": "service(\"front\")" });
    assert_eq!(one.post("/CreateGroup", &group).0, 200);
    let directory = directory.path().to_str().unwrap();
    let import = || run(&mut command(&["settings", "import", directory, "--settings", &place.settings]));
    let ended = import();
    assert!(ended.status.success(), "{}", ended.stderr);
    assert!(ended.stdout.contains("1 groups"), "{}", ended.stdout);
    let again = import();
    assert!(again.stderr.contains("something is set up there already"), "{}", again.stderr);

    // The new service has all of it once.
    let new = place.serve(&[]);
    new.eventually("the traces", || (new.known(&traces) == traces.len()).then_some(()));
    let groups = new.post("/Groups", &json!({})).1;
    assert_eq!(groups["Groups"].as_array().map(Vec::len), Some(2), "{groups}");
    let report = new.eventually("both to answer alike", || {
        let (ended, report) = compare(&one, &new);
        ended.status.success().then_some(report)
    });
    assert_eq!((&report["alike"], &report["traces"]["alike"]), (&json!(true), &json!(160)), "{report}");
    assert_eq!(report["documents"]["alike"], 160, "{report}");

    // It goes on while people are sent there, and the other way round it is told.
    traces.extend(send(&one, 161..171));
    new.eventually("what came meanwhile", || (new.known(&traces) == traces.len()).then_some(()));
    let only_there = send(&new, 171..172);
    let report = new.eventually("the difference to be found", || {
        let (ended, report) = compare(&one, &new);
        (report["traces"]["onlyNew"] == 1 && report["traces"]["alike"] == 170).then_some((ended, report))
    });
    assert_eq!(report.0.status.code(), Some(1));
    assert_eq!(report.1["traces"]["examples"], json!([format!("only in NEW: {}", only_there[0])]));

    let ended = one.end(Signal::TERM);
    assert!(ended.status.success() && !ended.stderr.contains("not everything"), "{}", ended.stderr);
    assert!(new.end(Signal::TERM).status.success());
}
