//! What is shared between threads is made of these, so that `crates/sdk/loom` can try every order of their steps.

use std::sync::PoisonError;
pub(crate) use std::sync::atomic::AtomicU64;
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// How long the background thread looks by itself before it sleeps until it is woken, so that under load nobody pays for
/// waking it.
pub(crate) const AWAKE: Duration = Duration::from_millis(100);

/// A poisoned lock is taken over: a panic of the application must not become one of every request after it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
