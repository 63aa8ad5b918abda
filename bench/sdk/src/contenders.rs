//! What is measured.

use std::hint::black_box;
use std::net::UdpSocket;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use fastrace::collector::{Config, Reporter, SpanRecord};
use fastrace::local::LocalSpan;
use fastrace::prelude::{Span, SpanContext};
use fluoro_sdk::{Document, Emit, EmitOutcome, RecorderGuard, TraceHeader, subsegment};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanProcessor};
use tracing::{Dispatch, info_span};
use tracing_subscriber::layer::SubscriberExt as _;

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) calls: usize,
    /// Makes so many calls.
    pub(crate) run: Box<dyn FnMut(usize)>,
    /// Waits until nothing of it is left to do.
    pub(crate) settle: Box<dyn Fn()>,
}

fn contender(name: &'static str, calls: usize, run: impl FnMut(usize) + 'static) -> Contender {
    Contender { name, calls, run: Box::new(run), settle: Box::new(settle) }
}

fn settle() {
    recorder().flush(Duration::from_secs(10));
    fastrace::flush();
}

/// Documents are made, and go nowhere.
#[derive(Debug)]
struct Nowhere;

impl Emit for Nowhere {
    fn emit(&self, document: Document<'_>) -> EmitOutcome {
        black_box(document.datagram());
        EmitOutcome::Sent
    }
}

struct Drops;

impl Reporter for Drops {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        black_box(spans);
    }
}

#[derive(Debug)]
struct DropsSpans;

impl SpanProcessor for DropsSpans {
    fn on_start(&self, _: &mut opentelemetry_sdk::trace::Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        black_box(span);
    }

    fn force_flush(&self) -> opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }
}

fn recorder() -> &'static RecorderGuard {
    static RECORDER: std::sync::OnceLock<RecorderGuard> = std::sync::OnceLock::new();
    RECORDER.get_or_init(|| {
        let builder = fluoro_sdk::Recorder::builder().name("bench").emitter(Nowhere).sample_all(true);
        builder.queue_bytes(256 << 20).environment(|_| None).build().expect("it is set up")
    })
}

/// Ten annotations.
fn annotate() {
    for key in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
        fluoro_sdk::annotate(key, 7);
    }
}

/// A future that is done at once.
fn polled() {
    let future = pin!(subsegment("child").scope(std::future::ready(())));
    let _ = black_box(future.poll(&mut Context::from_waker(Waker::noop())));
}

fn native() -> Vec<Contender> {
    let in_segment = |sampled: bool, work: fn()| {
        move |calls| {
            let _segment = recorder().segment("bench").sampled(sampled).enter();
            (0..calls).for_each(|_| work());
        }
    };
    let child: fn() = || drop(subsegment("child").enter());
    vec![
        contender("fluoro-sdk: subsegment, sampled", 2_000, in_segment(true, child)),
        contender(
            "fluoro-sdk: subsegment with two annotations, sampled",
            1_000,
            in_segment(true, || {
                let entered = subsegment("child").enter();
                entered.annotate("tenant", 7);
                entered.annotate("paid", true);
            }),
        ),
        contender("fluoro-sdk: subsegment, unsampled", 20_000, in_segment(false, child)),
        contender(
            "fluoro-sdk: annotate, unsampled",
            20_000,
            in_segment(false, || fluoro_sdk::annotate("tenant", 7)),
        ),
        contender("fluoro-sdk: subsegment, no recorder installed", 20_000, move |calls| {
            (0..calls).for_each(|_| child())
        }),
        contender("fluoro-sdk: subsegment of a future, sampled", 1_000, in_segment(true, polled)),
        contender("fluoro-sdk: subsegment of a future, unsampled", 20_000, in_segment(false, polled)),
        contender("fluoro-sdk: subsegment of a future, no recorder installed", 20_000, move |calls| {
            (0..calls).for_each(|_| polled());
        }),
        contender("fluoro-sdk: request with ten annotations, sampled", 500, |calls| {
            (0..calls).for_each(|_| recorder().segment("bench").sampled(true).run(annotate));
        }),
        contender("fluoro-sdk: request with 5 subsegments, sampled", 500, |calls| {
            let work = || (0..5).for_each(|_| drop(subsegment("child").enter()));
            (0..calls).for_each(|_| recorder().segment("bench").sampled(true).run(work));
        }),
        contender("fluoro-sdk: request with ten annotations, unsampled", 5_000, |calls| {
            (0..calls).for_each(|_| recorder().segment("bench").sampled(false).run(annotate));
        }),
        contender("fluoro-sdk: two threads in one segment, a subsegment each", 2_000, |calls| {
            let segment = recorder().segment("bench").sampled(true).begin();
            thread::scope(|scope| {
                for _ in 0..2 {
                    let entity = segment.entity();
                    scope.spawn(move || {
                        (0..calls).for_each(|_| drop(subsegment("child").child_of(&entity).enter()))
                    });
                }
            });
        }),
        contender("fluoro-sdk: two threads, a request with ten annotations each, sampled", 500, |calls| {
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(move || {
                        (0..calls).for_each(|_| recorder().segment("bench").sampled(true).run(annotate));
                    });
                }
            });
        }),
        to_udp(),
        contender("fluoro-sdk: header, read", 5_000, |calls| {
            let text = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
            (0..calls).for_each(|_| drop(black_box(black_box(text).parse::<TraceHeader>())));
        }),
    ]
}

/// Until all is sent, by whichever thread.
fn to_udp() -> Contender {
    let receiver = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = receiver.local_addr().expect("an address").to_string();
    let builder = fluoro_sdk::Recorder::builder().name("bench").daemon(address).sample_all(true);
    let recorder = builder.queue_bytes(256 << 20).environment(|_| None).build().expect("it is set up");
    contender("fluoro-sdk: request with ten annotations, sampled, written and sent", 2_000, move |calls| {
        let _ = &receiver;
        (0..calls).for_each(|_| recorder.segment("bench").run(annotate));
        assert!(recorder.flush(Duration::from_secs(60)), "all is sent");
    })
}

fn fastraces() -> Vec<Contender> {
    vec![
        contender("fastrace: local span", 2_000, |calls| {
            let root = Span::root("bench", SpanContext::random());
            let _guard = root.set_local_parent();
            (0..calls).for_each(|_| drop(LocalSpan::enter_with_local_parent("child")));
        }),
        contender("fastrace: local span, no parent", 20_000, |calls| {
            (0..calls).for_each(|_| drop(LocalSpan::enter_with_local_parent("child")));
        }),
        contender("fastrace: request with ten properties", 500, |calls| {
            for _ in 0..calls {
                let root = Span::root("bench", SpanContext::random());
                let _guard = root.set_local_parent();
                for key in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
                    LocalSpan::add_property(|| (key, "7"));
                }
            }
        }),
        contender("fastrace: request with 5 local spans", 500, |calls| {
            for _ in 0..calls {
                let root = Span::root("bench", SpanContext::random());
                let _guard = root.set_local_parent();
                (0..5).for_each(|_| drop(LocalSpan::enter_with_local_parent("child")));
            }
        }),
    ]
}

fn spans(
    name: &'static str,
    calls: usize,
    subscriber: impl Into<Dispatch>,
    sampled: Option<bool>,
) -> Contender {
    let dispatch = subscriber.into();
    contender(name, calls, move |calls| {
        let work = || (0..calls).for_each(|_| info_span!("child").in_scope(|| ()));
        tracing::dispatcher::with_default(&dispatch, || match sampled {
            Some(sampled) => recorder().segment("bench").sampled(sampled).run(work),
            None => info_span!("bench").in_scope(work),
        });
    })
}

fn tracings() -> Vec<Contender> {
    let registry = tracing_subscriber::registry;
    let with_sdk = || registry().with(fluoro_sdk::tracing::layer());
    let provider = SdkTracerProvider::builder().with_span_processor(DropsSpans).build();
    let with_otel = registry().with(tracing_opentelemetry::layer().with_tracer(provider.tracer("bench")));
    vec![
        spans("tracing: span, no subscriber", 20_000, Dispatch::none(), None),
        spans("tracing: span, Registry alone", 2_000, registry(), None),
        spans("tracing: span, Registry and fluoro-sdk's layer, sampled", 2_000, with_sdk(), Some(true)),
        spans("tracing: span, Registry and fluoro-sdk's layer, unsampled", 2_000, with_sdk(), Some(false)),
        spans("tracing: span, Registry and tracing-opentelemetry, its processor drops", 500, with_otel, None),
    ]
}

/// What no SDK gets below: a document is copied, and goes through the kernel.
fn floor() -> Contender {
    let receiver = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a port");
    sender.connect(receiver.local_addr().expect("an address")).expect("it is local");
    // As large as the request with ten annotations.
    let document = vec![b'x'; 420];
    contender("floor: a document of 420 bytes copied and sent", 2_000, move |calls| {
        let _ = &receiver;
        for _ in 0..calls {
            sender.send(&black_box(document.clone())).expect("the kernel takes it");
        }
    })
}

pub(crate) fn all() -> Vec<Contender> {
    fastrace::set_reporter(Drops, Config::default());
    let mut all = native();
    all.extend(fastraces());
    all.extend(tracings());
    all.push(floor());
    all
}
