//! Traces in the frames in which they started.

use model::Entity;

use super::*;
use crate::testing::{Build, Documents, at, entity};

fn call(start: f64, fails: bool) -> TraceDigest {
    let flag = |entity: Entity| if fails { entity.fault() } else { entity };
    let callee = flag(entity(2, "backend", start, start + 0.2).remote());
    Documents::default().segment(start, flag(entity(1, "front", start, start + 0.5)).holds(callee)).digest()
}

#[test]
fn a_failure_shows_in_its_frame_and_in_no_other() {
    let mut replay = Replay::new(TimeRange::new(at(0.0), at(40.0)), 4);
    for digest in [call(1.0, false), call(12.0, false), call(19.9, true), call(20.0, true), call(40.0, true)]
    {
        replay.add(&digest);
    }
    replay.add(&call(-1.0, true));
    let faults = |name: &str| -> Vec<(i64, i64)> {
        let tally = |frame: &Frame| {
            let found =
                frame.nodes.iter().find(|(key, _)| key.name == name && key.kind.as_deref() != Some("client"));
            found.map(|(_, tally)| (tally.counts.fault, tally.counts.total())).unwrap_or_default()
        };
        replay.frames.iter().map(tally).collect()
    };
    assert_eq!(faults("front"), [(0, 1), (1, 2), (1, 1), (0, 0)]);
    assert_eq!(faults("backend"), [(0, 1), (1, 2), (1, 1), (0, 0)]);
    let edges: Vec<usize> = replay.frames.iter().map(|frame| frame.edges.len()).collect();
    assert_eq!(edges, [2, 2, 2, 0]);
    assert_eq!(replay.frames[0].nodes.values().map(|tally| tally.response_time_total).max(), Some(500_000));
}
