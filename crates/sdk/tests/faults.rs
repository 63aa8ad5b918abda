//! What goes wrong around a program is not made worse by recording it.

#[expect(dead_code, reason = "it looks at numbers, not at trees")]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fluoro_sdk::{Document, Emit, EmitOutcome, Recorder, subsegment};
use support::with;

/// Nothing here takes so long; a machine that is slow may.
const LONG: Duration = Duration::from_secs(120);

/// Does not return until it is let go, as a look-up of a name whose server is silent.
#[derive(Debug)]
struct Hangs {
    in_hand: Sender<()>,
    let_go: Mutex<Receiver<()>>,
}

impl Emit for Hangs {
    fn emit(&self, _: Document<'_>) -> EmitOutcome {
        let _nobody_looks = self.in_hand.send(());
        let _gone = self.let_go.lock().map(|let_go| let_go.recv());
        EmitOutcome::Sent
    }
}

fn hangs() -> (Hangs, Receiver<()>, Sender<()>) {
    let (in_hand, taken) = mpsc::channel();
    let (go, let_go) = mpsc::channel();
    (Hangs { in_hand, let_go: let_go.into() }, taken, go)
}

#[test]
fn a_daemon_that_hangs_holds_up_neither_requests_nor_the_end() {
    let (emitter, taken, let_go) = hangs();
    let recording = with(|builder| builder.emitter(emitter).queue_bytes(100_000));
    recording.recorder.segment("first").run(|| ());
    taken.recv_timeout(LONG).unwrap();
    // The thread hangs from here on. Each of these would never return if it waited for it.
    for _ in 0..10_000 {
        recording.recorder.segment("shop").run(|| subsegment("work").run(|| ()));
    }
    let stats = recording.recorder.stats();
    assert_eq!((stats.ended, stats.sent, stats.open_segments), (20_001, 0, 0));
    assert!(stats.dropped.queue_full > 0, "the queue is bounded: {stats:?}");
    assert!(!recording.recorder.flush(Duration::from_millis(1)), "it says that not all is sent");
    // At its end a program waits for half a second at most; that it ends at all is what can be told for sure.
    let (ended, has_ended) = mpsc::channel();
    thread::spawn(move || {
        drop(recording);
        ended.send(()).unwrap();
    });
    has_ended.recv_timeout(LONG).expect("a guard's drop ends while the daemon hangs");
    drop(let_go);
}

#[test]
fn what_ends_after_its_recorder_is_counted() {
    let recording = with(|builder| builder);
    let recorder = (*recording.recorder).clone();
    let segment = recorder.segment("shop").begin();
    let entered = subsegment("open").child_of(&segment).enter();
    let never = recorder.segment("never polled").scope(std::future::pending::<()>());
    drop(recording);
    entered.annotate("late", 1);
    subsegment("later still").run(|| fluoro_sdk::annotate("a", 1));
    drop(entered);
    drop(segment);
    drop(never);
    recorder.segment("after the end").run(|| ());
    let stats = recorder.stats();
    assert_eq!((stats.ended, stats.sent, stats.open_segments), (5, 0, 0));
    assert_eq!(stats.dropped.queue_full, 5, "nothing is lost without a number: {stats:?}");
    assert!(recorder.flush(Duration::ZERO), "there is nothing to wait for");
}

#[derive(Debug, Clone, Default)]
struct PanicsAtFirst(Arc<AtomicUsize>);

impl Emit for PanicsAtFirst {
    fn emit(&self, _: Document<'_>) -> EmitOutcome {
        assert!(self.0.fetch_add(1, SeqCst) > 0, "the first document is one too many");
        EmitOutcome::Sent
    }
}

#[test]
fn a_panic_of_an_emitter_loses_one_document_and_no_more() {
    let recording = with(|builder| builder.emitter(PanicsAtFirst::default()));
    for _ in 0..3 {
        recording.recorder.segment("shop").run(|| ());
        assert!(recording.recorder.flush(LONG));
    }
    let stats = recording.recorder.stats();
    assert_eq!((stats.sent, stats.dropped.failed), (2, 1));
}

#[test]
fn a_name_that_does_not_resolve_is_counted_and_nobody_waits_for_it() {
    // `.invalid` never resolves: RFC 2606. Where a network answers for it all the same, nobody listens there.
    let builder = Recorder::builder().daemon("daemon.invalid:2000").sample_all(true).environment(|_| None);
    let recorder = builder.build().unwrap();
    recorder.segment("shop").run(|| ());
    assert!(recorder.flush(LONG));
    let stats = recorder.stats();
    assert_eq!(stats.sent + stats.dropped.failed + stats.dropped.refused, 1, "{stats:?}");
}

#[test]
fn a_daemon_that_comes_later_is_found() {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let builder = Recorder::builder().daemon(free.to_string()).sample_all(true).environment(|_| None);
    let recorder = builder.build().unwrap();
    for _ in 0..4 {
        recorder.segment("before").run(|| ());
        assert!(recorder.flush(LONG));
    }
    // Somebody else may have taken the port meanwhile; then there is nothing to see.
    let Ok(daemon) = std::net::UdpSocket::bind(free) else { return };
    daemon.set_read_timeout(Some(LONG)).unwrap();
    for _ in 0..2 {
        recorder.segment("after").run(|| ());
        assert!(recorder.flush(LONG));
    }
    let mut datagram = [0; 2_000];
    let count = daemon.recv(&mut datagram).unwrap();
    assert!(String::from_utf8_lossy(&datagram[..count]).contains("\"after\""));
}
