//! What of a query is looked at on its way to the driver, and what of the answer on its way back.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::BoxStream;
use sqlx::error::BoxDynError;
use sqlx::{Database, Either, Error, Execute, SqlStr};

use crate::known::Known;

pub(crate) type Step<DB> = Result<Either<<DB as Database>::QueryResult, <DB as Database>::Row>, Error>;

/// A query taken apart, because its text can only be had with all else. A driver does the same, once and in this order.
pub(crate) struct Taken<DB: Database> {
    pub(crate) text: SqlStr,
    statement: Option<DB::Statement>,
    arguments: Option<Result<Option<DB::Arguments>, BoxDynError>>,
    is_persistent: bool,
}

impl<DB: Database> Taken<DB> {
    pub(crate) fn of<'q>(mut query: impl Execute<'q, DB>) -> Self {
        let arguments = Some(query.take_arguments());
        let is_persistent = query.persistent();
        let statement = query.statement().cloned();
        Self { arguments, is_persistent, statement, text: query.sql() }
    }
}

impl<DB: Database> Execute<'_, DB> for Taken<DB> {
    fn sql(self) -> SqlStr {
        self.text
    }

    fn statement(&self) -> Option<&DB::Statement> {
        self.statement.as_ref()
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        self.arguments.take().unwrap_or(Ok(None))
    }

    fn persistent(&self) -> bool {
        self.is_persistent
    }
}

/// Counts what a query gives, and tells it to the subsegment that it runs in.
pub(crate) struct Counted<'e, DB: Known> {
    inner: BoxStream<'e, Step<DB>>,
    returned: u64,
    affected: Option<u64>,
}

impl<'e, DB: Known> Counted<'e, DB> {
    pub(crate) fn new(inner: BoxStream<'e, Step<DB>>) -> Self {
        Self { inner, returned: 0, affected: None }
    }
}

impl<DB: Known> Stream for Counted<'_, DB> {
    type Item = Step<DB>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Step<DB>>> {
        let step = ready!(self.inner.as_mut().poll_next(task));
        match &step {
            Some(Ok(Either::Left(result))) => *self.affected.get_or_insert(0) += DB::rows_affected(result),
            Some(Ok(Either::Right(_))) => self.returned += 1,
            Some(Err(_)) | None => {}
        }
        Poll::Ready(step)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<DB: Known> Drop for Counted<'_, DB> {
    /// With the last row, or with those who have seen enough.
    fn drop(&mut self) {
        returned(self.returned);
        // Drivers count the rows of a SELECT here too.
        if let Some(affected) = self.affected.filter(|_| self.returned == 0) {
            fluoro_sdk::metadata_in("sql", "rows_affected", &affected);
        }
    }
}

pub(crate) fn returned(rows: u64) {
    fluoro_sdk::metadata_in("sql", "rows_returned", &rows);
}
