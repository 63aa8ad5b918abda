//! The current entity across `.await`, tasks, cancellations and panics.

mod support;

use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fluoro_sdk::{InCurrentEntity as _, Namespace, annotate, current, in_current_entity, subsegment};
use support::{Recording, recording};
use tokio::task::{JoinSet, spawn, spawn_blocking, yield_now};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// Runs a future within a segment on a runtime of two threads.
fn in_segment<F: Future<Output = ()> + Send>(make: impl FnOnce() -> F) -> Recording {
    let recording = recording();
    let segment = recording.recorder.segment("shop").begin();
    runtime().block_on(segment.scope(make_later(make)));
    assert!(current().is_none(), "the thread is left as it was");
    assert_eq!(recording.recorder.stats().open_segments, 0);
    recording
}

async fn make_later<F: Future<Output = ()>>(make: impl FnOnce() -> F) {
    make().await;
}

async fn step(name: &'static str) {
    subsegment(name)
        .scope(async {
            yield_now().await;
            annotate("name", name);
            subsegment(format!("{name}.inner")).scope(yield_now()).await;
        })
        .await;
}

#[test]
fn siblings_of_join_all_share_one_parent() {
    let recording = in_segment(|| async {
        futures_util::future::join_all([step("a"), step("b"), step("c")]).await;
        tokio::join!(step("d"), step("e"));
    });
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(recording.parent(name), "shop");
        assert_eq!(recording.parent(&format!("{name}.inner")), name);
        assert_eq!(recording.entity(name).value["annotations"]["name"], name);
    }
}

#[test]
fn in_current_entity_crosses_spawn_and_plain_spawn_inherits_nothing() {
    let recording = in_segment(|| async {
        let in_task = spawn(async { current().is_none() });
        assert!(in_task.await.unwrap());
        let crossing = subsegment("outer").scope(async {
            spawn(step("task").in_current_entity()).await.unwrap();
            spawn_blocking(in_current_entity(|| subsegment("blocking").run(|| ()))).await.unwrap();
            std::thread::spawn(in_current_entity(|| subsegment("thread").run(|| ()))).join().unwrap();
        });
        crossing.await;
    });
    for name in ["task", "blocking", "thread"] {
        assert_eq!(recording.parent(name), "outer");
    }
}

#[test]
fn a_dropped_call_is_a_fault_and_other_work_is_marked() {
    let recording = in_segment(|| async {
        let call = subsegment("call").namespace(Namespace::Remote).scope(pending::<()>());
        assert!(tokio::time::timeout(Duration::from_millis(1), call).await.is_err());
        tokio::select! {
            () = subsegment("work").scope(pending()) => unreachable!(),
            () = ready(()) => {}
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(subsegment("task").scope(pending::<()>()));
        tasks.abort_all();
        while tasks.join_next().await.is_some() {}
        drop(subsegment("never polled").scope(pending::<()>()));
    });
    let call = recording.entity("call").value;
    assert_eq!(call["fault"], true);
    assert_eq!(call["cause"]["exceptions"][0]["type"], "Cancelled");
    for name in ["work", "task", "never polled"] {
        let work = recording.entity(name).value;
        assert_eq!(work["metadata"]["fluoro"]["cancelled"], true);
        assert!(work["fault"].is_null());
    }
}

/// On one thread the compiler lets a guard live across a poll. It must not make its entity current for others.
#[test]
fn a_guard_that_outlives_a_poll_is_current_for_nobody_else() {
    let recording = recording();
    let segment = recording.recorder.segment("shop").begin();
    let keeps = async {
        let entered = subsegment("kept").enter();
        yield_now().await;
        // It is current no more, but open still, and what is said of it is kept.
        subsegment("after").run(|| ());
        entered.annotate("late", true);
        entered.fault();
    };
    let mut future = pin!(segment.scope(keeps));
    let mut poll = || future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll().is_pending());
    assert!(current().is_none());
    recording.recorder.segment("other").run(|| subsegment("child of other").run(|| ()));
    assert!(poll().is_ready());
    assert!(current().is_none());
    assert_eq!(recording.parent("child of other"), "other");
    assert_eq!(recording.parent("after"), "shop");
    assert_eq!(recording.parent("kept"), "shop");
    let kept = recording.entity("kept").value;
    assert_eq!((&kept["annotations"]["late"], &kept["fault"]), (&true.into(), &true.into()));
    assert_eq!(recording.recorder.stats().dropped.after_end, 0);
}

struct OnDrop;

impl Drop for OnDrop {
    fn drop(&mut self) {
        subsegment("cleaning up").run(|| ());
    }
}

#[test]
fn what_a_future_does_at_its_drop_is_within_it() {
    let recording = in_segment(|| async {
        let held = async {
            let _held = OnDrop;
            pending::<()>().await;
        };
        let mut outer = pin!(subsegment("outer").scope(held));
        let poll = outer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
    });
    assert_eq!(recording.parent("cleaning up"), "outer");
}

#[test]
fn a_panic_is_told_and_ends_what_it_unwinds() {
    fluoro_sdk::panic_hook();
    let recording = in_segment(|| async {
        let task = spawn(
            subsegment("task")
                .scope(async {
                    subsegment("inner").scope(async { panic!("out of cheese") }).await;
                })
                .in_current_entity(),
        );
        assert!(task.await.unwrap_err().is_panic());
        let caught = std::panic::catch_unwind(|| subsegment("closure").run(|| panic!("again")));
        assert!(caught.is_err());
    });
    for (name, message) in [("inner", "out of cheese"), ("closure", "again")] {
        let entity = recording.entity(name).value;
        assert_eq!(entity["fault"], true, "{entity}");
        let exception = &entity["cause"]["exceptions"][0];
        assert_eq!(exception["type"], "panic");
        assert!(exception["message"].as_str().unwrap().starts_with(message), "{exception}");
    }
    let (task, inner) = (recording.entity("task").value, recording.entity("inner").value);
    assert_eq!(task["cause"], inner["cause"]["exceptions"][0]["id"], "the same panic, told once");
}

/// Pending at every other poll.
struct Steps(u32);

impl Future for Steps {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.0 -= 1;
        if self.0 == 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Drops the request after each number of polls: every entity that began is in exactly one document.
#[test]
fn a_future_dropped_after_any_poll_loses_nothing() {
    for polls in 0..12 {
        let recording = recording();
        let work = async {
            subsegment("first").scope(Steps(3)).await;
            let both = futures_util::future::join(
                subsegment("left").namespace(Namespace::Remote).scope(Steps(2)),
                subsegment("right").scope(async {
                    subsegment("deep").scope(Steps(4)).await;
                }),
            );
            both.await;
        };
        let mut request = Box::pin(recording.recorder.segment("shop").scope(work));
        let mut is_done = false;
        for _ in 0..polls {
            is_done = is_done || request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        }
        drop(request);
        assert!(current().is_none());
        let entities = recording.entities();
        let stats = recording.recorder.stats();
        assert_eq!(entities.len() as u64, stats.ended, "{polls}");
        assert_eq!((stats.open_segments, stats.sampled), (0, 1));
        let mut ids: Vec<_> = entities.iter().map(|entity| &entity.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), entities.len());
        let segment = recording.entity("shop").value;
        assert_eq!(segment["metadata"]["fluoro"]["cancelled"].is_null(), is_done, "{polls}");
    }
}

#[test]
fn open_segments_is_zero_after_a_million_cancelled_requests() {
    let recording = support::with(|builder| builder.emitter(Nowhere));
    for number in 0..1_000_000_u32 {
        let work = async {
            subsegment("call").namespace(Namespace::Remote).scope(pending::<()>()).await;
        };
        let mut request = pin!(recording.recorder.segment("shop").sampled(number % 2 == 0).scope(work));
        assert!(request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(recording.recorder.flush(Duration::from_secs(120)));
    let stats = recording.recorder.stats();
    assert_eq!((stats.open_segments, stats.sampled, stats.unsampled), (0, 500_000, 500_000));
    assert_eq!(stats.sent + stats.dropped.queue_full / 2, 500_000);
}

#[derive(Debug)]
struct Nowhere;

impl fluoro_sdk::Emit for Nowhere {
    fn emit(&self, _: fluoro_sdk::Document<'_>) -> fluoro_sdk::EmitOutcome {
        fluoro_sdk::EmitOutcome::Sent
    }
}

/// A thread keeps back what has ended until its segment does, or is left; nobody may have to wait for longer.
#[test]
fn what_a_thread_keeps_back_is_told_in_time() {
    let recording = support::recording();
    let segment = recording.recorder.segment("by its handle").enter();
    subsegment("before").run(|| ());
    segment.end();
    subsegment("late").run(|| ());
    drop(segment);
    let first = recording.documents().remove(0);
    assert_eq!(
        (&first["name"], &first["subsegments"][0]["name"]),
        (&"by its handle".into(), &"before".into())
    );
    // The others' thread was left before the segment ended.
    let elsewhere = recording.recorder.segment("elsewhere").begin();
    let entity = elsewhere.entity();
    let work = move || subsegment("of a thread").child_of(&entity).run(|| subsegment("within").run(|| ()));
    std::thread::spawn(work).join().unwrap();
    drop(elsewhere);
    let last = recording.documents().pop().unwrap();
    assert_eq!(last["subsegments"][0]["subsegments"][0]["name"], "within");
    // And where each is to leave as it ends, none is kept back at all.
    let recording = support::with(|builder| builder.streaming(0));
    let _open = recording.recorder.segment("open").enter();
    subsegment("at once").run(|| ());
    assert_eq!(recording.documents().remove(0)["name"], "at once");
}
