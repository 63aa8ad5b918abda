//! `--demo`: the server's own door shows the demo's map.

use rustix::process::Signal;
use serde_json::json;

use crate::child::Fluoro;

#[test]
fn serve_with_the_demo_shows_a_map() {
    let fluoro = Fluoro::serve(&["--store", "memory", "--demo"]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let range = json!({ "StartTime": now - 600, "EndTime": now + 600 });
    fluoro.eventually("the story's services on the map", || {
        let (_, graph) = fluoro.post("/ServiceGraph", &range);
        let names: Vec<_> =
            graph["Services"].as_array()?.iter().filter_map(|service| service["Name"].as_str()).collect();
        (names.contains(&"SpringBoot") && names.contains(&"SpringBoot2")).then_some(())
    });
    assert_eq!(fluoro.end(Signal::TERM).status.code(), Some(0));
}
