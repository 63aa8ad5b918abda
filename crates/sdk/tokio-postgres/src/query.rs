//! What is asked, with its text, and rows as they come.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio_postgres::{Error, Row, RowStream, Statement, ToStatement};

use crate::session::private::Sealed;

/// A query's text, or a statement that was prepared.
pub trait Query: Sealed + Send + Sync {
    /// What the driver takes.
    type Statement: ToStatement + Send + Sync + ?Sized;

    /// What the driver is asked.
    fn statement(&self) -> &Self::Statement;

    /// The text; of a statement that the driver has prepared by itself it is not known, and empty.
    fn text(&self) -> &str;
}

/// A statement and its text, by [`Traced::prepare`](crate::Traced::prepare).
#[derive(Clone, Debug)]
pub struct Prepared {
    statement: Statement,
    text: String,
}

impl Prepared {
    pub(crate) fn new(statement: Statement, text: &str) -> Self {
        Self { statement, text: text.to_owned() }
    }

    /// The statement, for what is not recorded.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }
}

impl Sealed for Prepared {}
impl Sealed for str {}
impl Sealed for String {}
impl Sealed for Statement {}

impl Query for Prepared {
    type Statement = Statement;

    fn statement(&self) -> &Statement {
        &self.statement
    }

    fn text(&self) -> &str {
        &self.text
    }
}

impl Query for str {
    type Statement = str;

    fn statement(&self) -> &str {
        self
    }

    fn text(&self) -> &str {
        self
    }
}

impl Query for String {
    type Statement = str;

    fn statement(&self) -> &str {
        self
    }

    fn text(&self) -> &str {
        self
    }
}

impl Query for Statement {
    type Statement = Self;

    fn statement(&self) -> &Self {
        self
    }

    fn text(&self) -> &str {
        ""
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<RowStream, Error>> + Send + 'a>>;

/// The rows of a query that is asked when the first of them is.
pub struct Asked<'a> {
    /// Until the server has begun to answer.
    answer: Option<Answer<'a>>,
    rows: Option<Pin<Box<RowStream>>>,
    returned: u64,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(answer: impl Future<Output = Result<RowStream, Error>> + Send + 'a) -> Self {
        Self { answer: Some(Box::pin(answer)), rows: None, returned: 0 }
    }
}

impl Stream for Asked<'_> {
    type Item = Result<Row, Error>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(answer) = &mut self.answer {
            let rows = ready!(answer.as_mut().poll(task));
            self.answer = None;
            match rows {
                Ok(rows) => self.rows = Some(Box::pin(rows)),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        let Some(rows) = &mut self.rows else { return Poll::Ready(None) };
        let row = ready!(rows.as_mut().poll_next(task));
        self.returned += u64::from(matches!(row, Some(Ok(_))));
        Poll::Ready(row)
    }
}

impl Drop for Asked<'_> {
    /// With the last row, or with those who have seen enough: within their subsegment.
    fn drop(&mut self) {
        if self.rows.is_some() {
            fluoro_sdk::metadata_in("sql", "rows_returned", &self.returned);
        }
    }
}

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("returned", &self.returned).finish_non_exhaustive()
    }
}
