//! The rows of a query, as its driver gives them one by one.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use futures_core::Stream;

use crate::entity::{Entity, current};
use crate::scope::{Entered, OpenEntity, Unwinding};
use crate::sql::Database;

pin_project_lite::pin_project! {
    /// See [`Database::query_stream`].
    pub struct Rows<S> {
        // Gone once the rows are.
        #[pin]
        inner: Option<S>,
        waiting: Option<Box<Waiting>>,
        open: Option<OpenEntity>,
        is_awaited: bool,
    }

    impl<S> PinnedDrop for Rows<S> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let entered = this.open.as_ref().map(|open| Entered::new(&open.0));
            this.inner.set(None);
            drop(entered);
            if let Some(open) = this.open.take() && *this.is_awaited && !thread::panicking() {
                open.cancel();
            }
        }
    }
}

/// What the subsegment is made of, once a row is asked for.
#[derive(Debug)]
struct Waiting {
    database: Database,
    text: String,
    parent: Entity,
}

impl<S> Rows<S> {
    pub(crate) fn new(database: Database, text: String, rows: S) -> Self {
        let parent = current().filter(Entity::is_sampled);
        let waiting = parent.map(|parent| Box::new(Waiting { database, text, parent }));
        Self { inner: Some(rows), waiting, open: None, is_awaited: false }
    }
}

impl<S> fmt::Debug for Rows<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("waiting", &self.waiting)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

impl<S, T, E> Stream for Rows<S>
where
    S: Stream<Item = Result<T, E>>,
    E: Error + 'static,
{
    type Item = Result<T, E>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<T, E>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        if let Some(waiting) = this.waiting.take() {
            let _parent = Entered::new(&waiting.parent.0);
            *this.open = Some(waiting.database.begin(&waiting.text));
        }
        let unwinding = Unwinding(this.open);
        let entered = unwinding.0.as_ref().map(|open| Entered::new(&open.0));
        *this.is_awaited = true;
        let row = ready!(inner.poll_next(task));
        *this.is_awaited = false;
        if row.is_none() {
            this.inner.set(None);
        }
        drop(entered);
        if let (Some(open), Some(Err(error))) = (&*unwinding.0, &row) {
            open.error(error);
        }
        if row.is_none() {
            drop(unwinding.0.take());
        }
        Poll::Ready(row)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.as_ref().map_or((0, Some(0)), S::size_hint)
    }
}
