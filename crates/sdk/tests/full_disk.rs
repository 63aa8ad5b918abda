//! A logger that cannot write any more, as on a full disk: `println!` panics then, and so may a logger.

use std::time::Duration;

use fluoro_sdk::{Recorder, subsegment};

struct Full;

impl log::Log for Full {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // What the background thread says; on a thread of the application it is the application's own panic.
        let is_ours = std::thread::current().name() == Some("fluoro-sdk");
        assert!(!is_ours, "no space left on device: {}", record.args());
    }

    fn flush(&self) {}
}

/// The limit of a datagram, nobody who listens, and losses to be told: each makes the thread log.
#[test]
fn recording_goes_on_where_nothing_can_be_logged() {
    log::set_logger(&Full).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let builder = Recorder::builder().daemon(free.to_string()).sample_all(true).environment(|_| None);
    let recorder = builder.build().unwrap();
    for _ in 0..10 {
        recorder.segment("shop").run(|| {
            let many = || (0..400).for_each(|key| fluoro_sdk::annotate(format!("key{key}"), "é".repeat(250)));
            subsegment("beyond any datagram").run(many);
        });
        assert!(recorder.flush(Duration::from_secs(120)), "the thread still takes what comes");
    }
    let stats = recorder.stats();
    assert_eq!((stats.ended, stats.open_segments), (20, 0));
    let dropped = stats.dropped;
    // A batch whose loss cannot be told counts as failed.
    assert!(dropped.failed + dropped.too_large >= 10, "{stats:?}");
}
