//! `kill -9`: what was acknowledged is there afterwards, and what was counted is counted once.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::child::{Fluoro, segment};

const ROUNDS: u64 = 4;

/// Puts documents one after the other until the server is gone; gives the traces that were acknowledged.
fn put_until_killed(fluoro: &Fluoro, first: u64, kill_after: u64) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in first.. {
        let (trace, document) = segment(number);
        let body = json!({ "TraceSegmentDocuments": [document.to_string()] });
        match fluoro.try_post("/TraceSegments", &body) {
            Ok((200, answer)) => {
                assert_eq!(
                    serde_json::from_str::<Value>(&answer).unwrap()["UnprocessedTraceSegments"],
                    json!([])
                );
                acknowledged.push(trace);
            }
            Ok((status, answer)) => panic!("{status}: {answer}"),
            Err(_) => return acknowledged,
        }
        if number == first + kill_after {
            fluoro.signal(Signal::KILL);
        }
    }
    acknowledged
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_counted_twice() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let fluoro = Fluoro::serve(&["--data-dir", data]);
        acknowledged.extend(put_until_killed(&fluoro, 1 + round * 1_000, 20 + round * 7));
    }
    let fluoro = Fluoro::serve(&["--data-dir", data]);
    assert_eq!(fluoro.known(&acknowledged), acknowledged.len());
    // The worker catches up; then each trace has been counted exactly once. A document whose answer the kill
    // cut off may have been kept as well: at most one a round.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let range = json!({ "StartTime": now - 600, "EndTime": now + 60 });
    let at_least = acknowledged.len() as u64;
    let counted = fluoro.eventually("all traces in the graph", || {
        let (_, graph) = fluoro.post("/ServiceGraph", &range);
        let services = graph["Services"].as_array()?.clone();
        let counts =
            services.iter().filter_map(|service| service["SummaryStatistics"]["TotalCount"].as_u64());
        counts.max().filter(|&count| count >= at_least)
    });
    assert!((at_least..=at_least + ROUNDS).contains(&counted), "{counted} of {at_least}");
}
