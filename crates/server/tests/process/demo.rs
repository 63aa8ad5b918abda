//! `--demo`: the server's own door shows the demo's map.

use std::net::UdpSocket;

use rustix::process::Signal;
use serde_json::json;

use crate::child::{Fluoro, command, run};

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

#[test]
fn the_demo_says_where_it_sends_and_when_the_outage_begins() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint = socket.local_addr().unwrap().to_string();
    let ended = run(command(&["demo", "--endpoint", &endpoint, "--rate", "20"]).args([
        "--duration",
        "2s",
        "--outage-after",
        "500ms",
    ]));
    assert!(ended.status.success(), "{}", ended.stderr);
    for part in [
        &format!("sending about 20 requests a second to {endpoint} by UDP"),
        "SpringBoot2 goes down in 0.5 s",
        "SpringBoot2 is down, until the demo ends",
    ] {
        assert!(ended.stderr.contains(part), "{part:?} is not in {}", ended.stderr);
    }
}
