//! What is logged while a test runs: a warning or an error that the test does not expect fails it.
//!
//! A server's tasks run on its test's thread, so their lines are known by it. The store's own threads belong to no
//! test that could be told: their lines fail whichever test looks first, unless any test expects them.

use std::collections::HashSet;
use std::fmt::{self, Write};
use std::sync::LazyLock;
use std::thread::{self, ThreadId};

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// What may come of the machine that a test runs on.
const OF_THE_MACHINE: &[&str] = &["UDP receive buffer"];

/// A process has one log, so there is one of these.
static LOG: LazyLock<Mutex<Log>> = LazyLock::new(|| {
    let subscriber = tracing_subscriber::registry().with(Keep.with_filter(LevelFilter::WARN));
    tracing::subscriber::set_global_default(subscriber).expect("nothing else has taken the log");
    Mutex::default()
});

#[derive(Debug, Default)]
struct Log {
    lines: Vec<(ThreadId, String)>,
    /// Threads of tests.
    watched: HashSet<ThreadId>,
    expected: Vec<(ThreadId, &'static str)>,
}

/// Looks at the log when it is dropped. A [`Sandbox`](crate::Sandbox) has one; a test without any that logs needs its own.
#[derive(Debug)]
pub struct Quiet {
    thread: ThreadId,
}

impl Quiet {
    #[expect(clippy::new_without_default, reason = "it is no plain value: it listens")]
    pub fn new() -> Self {
        let thread = thread::current().id();
        LOG.lock().watched.insert(thread);
        Self { thread }
    }

    /// From now on a line with these words may come.
    pub fn expect(&self, words: &'static str) {
        LOG.lock().expected.push((self.thread, words));
    }

    fn unexpected(&self) -> Vec<String> {
        let mut log = LOG.lock();
        let lines = std::mem::take(&mut log.lines);
        let (others, ours): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|(thread, _)| *thread != self.thread && log.watched.contains(thread));
        log.lines = others;
        let is_expected = |thread: &ThreadId, line: &str| {
            let mut expected = log.expected.iter();
            OF_THE_MACHINE.iter().any(|words| line.contains(words))
                || expected.any(|(by, words)| {
                    line.contains(words) && (by == thread || !log.watched.contains(thread))
                })
        };
        ours.into_iter().filter(|(thread, line)| !is_expected(thread, line)).map(|(_, line)| line).collect()
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let unexpected = self.unexpected();
        // A test that fails says by itself what is wrong.
        if !thread::panicking() {
            assert!(unexpected.is_empty(), "unexpected in the log:\n{}", unexpected.join("\n"));
        }
    }
}

#[derive(Debug)]
struct Keep;

impl<S: Subscriber> Layer<S> for Keep {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = Line(format!("{} {}:", metadata.level(), metadata.target()));
        event.record(&mut line);
        LOG.lock().lines.push((thread::current().id(), line.0));
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        written.expect("a text takes everything");
    }
}
