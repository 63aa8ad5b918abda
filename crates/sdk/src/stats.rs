//! What the recorder counts of itself: nothing is lost without a number.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a recorder did since it began, for the application's own metrics.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// recorder.segment("orders").run(|| ());
/// assert!(recorder.flush(std::time::Duration::from_secs(10)));
/// let stats = recorder.stats();
/// assert_eq!((stats.sampled, stats.ended, stats.open_segments, stats.dropped.queue_full), (1, 1, 0, 0));
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Segments that were begun and are recorded.
    pub sampled: u64,
    /// Segments that were begun and are not.
    pub unsampled: u64,
    /// Recorded segments that have not ended.
    pub open_segments: u64,
    /// Segments and subsegments that have ended and were handed to the background thread.
    pub ended: u64,
    /// Documents that were sent.
    pub sent: u64,
    /// Their size.
    pub sent_bytes: u64,
    /// Subsegments, headers and attributes for which there was no segment.
    pub context_missing: u64,
    /// What was lost.
    pub dropped: Dropped,
}

/// What was lost, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// Entities: the background thread did not keep up, and its queue was full.
    pub queue_full: u64,
    /// Entities that no trimming made fit into a datagram.
    pub too_large: u64,
    /// Documents that nobody listened for.
    pub refused: u64,
    /// Documents that could not be sent for another reason, such as a daemon's name that does not resolve, or an emitter that
    /// panics.
    pub failed: u64,
    /// Subsegments beyond 10,000 open ones of a segment.
    pub too_many_open: u64,
    /// Annotations, metadata and other attributes: their entity was full, or their key is not allowed.
    pub attributes: u64,
    /// Values and frames that were cut off so that an entity fits into a datagram.
    pub trimmed: u64,
    /// Changes of entities that had ended.
    pub after_end: u64,
}

macro_rules! counters {
    ($($name:ident)*) => {
        /// In lines of memory of its own: the background thread writes here, and all read what lies beside it.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub(crate) struct Counters {
            pub(crate) sampled: SpreadCounter,
            pub(crate) unsampled: SpreadCounter,
            $(pub(crate) $name: Counter,)*
        }
    };
}
counters!(sent sent_bytes context_missing queue_full too_large refused failed too_many_open attributes trimmed after_end);

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that all threads raise at each request: each where no other does, as far as there are places.
#[derive(Debug, Default)]
pub(crate) struct SpreadCounter([Place; PLACES]);

const PLACES: usize = 8;

#[derive(Debug, Default)]
#[repr(align(128))]
struct Place(Counter);

impl SpreadCounter {
    pub(crate) fn one(&self) {
        thread_local! {
            static HERE: u8 = const { 0 };
        }
        // Where a thread keeps its own things tells it from others: they are a stack and a page apart.
        let page = HERE.try_with(|here| std::ptr::from_ref(here).addr() >> 12).unwrap_or(0);
        self.0[page % PLACES].0.one();
    }

    fn get(&self) -> u64 {
        self.0.iter().map(|place| place.0.get()).sum()
    }
}

impl Counters {
    /// With what the queue has counted: entities that ended, and segments among them.
    pub(crate) fn read(&self, ended: u64, closed: u64) -> Stats {
        let sampled = self.sampled.get();
        Stats {
            sampled,
            unsampled: self.unsampled.get(),
            open_segments: sampled.saturating_sub(closed),
            ended,
            sent: self.sent.get(),
            sent_bytes: self.sent_bytes.get(),
            context_missing: self.context_missing.get(),
            dropped: Dropped {
                queue_full: self.queue_full.get(),
                too_large: self.too_large.get(),
                refused: self.refused.get(),
                failed: self.failed.get(),
                too_many_open: self.too_many_open.get(),
                attributes: self.attributes.get(),
                trimmed: self.trimmed.get(),
                after_end: self.after_end.get(),
            },
        }
    }
}
