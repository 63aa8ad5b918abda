//! What is said where something is to be recorded and there is no segment.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::cell::lock;
use crate::recorder::{Core, global};

/// A call site is named once in so long.
const QUIET: Duration = Duration::from_secs(60);
/// Beyond so many call sites nobody reads them any more.
const MAX_PLACES: usize = 256;

/// What to do where there is no segment: the words of `AWS_XRAY_CONTEXT_MISSING`.
///
/// ```
/// use fluoro_sdk::{ContextMissing, Recorder};
///
/// let builder = Recorder::builder().name("orders").context_missing(ContextMissing::IgnoreError);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ContextMissing {
    /// Logs an error, once a minute for each place in the code.
    #[default]
    LogError,
    /// Panics. For tests alone: it is the one panic of this crate.
    RuntimeError,
    /// Says nothing.
    IgnoreError,
}

impl ContextMissing {
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_uppercase().as_str() {
            "LOG_ERROR" => Some(Self::LogError),
            "RUNTIME_ERROR" => Some(Self::RuntimeError),
            "IGNORE_ERROR" => Some(Self::IgnoreError),
            _ => None,
        }
    }
}

/// Which places were named lately.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<HashMap<(&'static str, u32), Instant>>);

impl Places {
    fn is_due(&self, place: &'static Location<'static>, now: Instant) -> bool {
        let mut places = lock(&self.0);
        let key = (place.file(), place.line());
        if places.get(&key).is_some_and(|last| now.duration_since(*last) < QUIET) {
            return false;
        }
        if places.len() >= MAX_PLACES {
            places.retain(|_, last| now.duration_since(*last) < QUIET);
        }
        let has_room = places.len() < MAX_PLACES;
        if has_room {
            places.insert(key, now);
        }
        has_room
    }
}

/// Of a subsegment that cannot begin. Recorders that are not global hear nothing: nobody knows which was meant.
pub(crate) fn subsegment(name: &str, place: &'static Location<'static>) {
    if let Some(core) = global().and_then(|recorder| recorder.core()) {
        tell(core, name, place);
    }
}

fn tell(core: &Core, name: &str, place: &'static Location<'static>) {
    core.counters.context_missing.one();
    match core.context_missing {
        ContextMissing::IgnoreError => {}
        ContextMissing::LogError => {
            if core.places.is_due(place, Instant::now()) {
                log::error!(target: "fluoro_sdk", "failed to begin subsegment named '{name}': segment cannot be found ({place})");
            }
        }
        ContextMissing::RuntimeError => {
            panic!("failed to begin subsegment named '{name}': segment cannot be found ({place})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_once_a_minute_and_not_all_places_are() {
        let places = Places::default();
        let (here, now) = (Location::caller(), Instant::now());
        assert!(places.is_due(here, now));
        assert!(!places.is_due(here, now + QUIET / 2));
        assert!(places.is_due(here, now + QUIET));
    }

    #[test]
    fn the_words_are_read_in_any_case() {
        assert_eq!(ContextMissing::read(" log_error "), Some(ContextMissing::LogError));
        assert_eq!(ContextMissing::read("RUNTIME_ERROR"), Some(ContextMissing::RuntimeError));
        assert_eq!(ContextMissing::read("Ignore_Error"), Some(ContextMissing::IgnoreError));
        assert_eq!(ContextMissing::read("PANIC"), None);
    }
}
