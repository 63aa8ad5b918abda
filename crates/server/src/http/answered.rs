//! An answer on its way to its reader: in pieces, of which the door sees whether they are taken.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use door::connections::InFlight;
use door::reading::{Piece, Reading};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// Small enough that a slow reader, of some kilobytes a second, takes one in the time that it has.
const PIECE_BYTES: usize = 16 << 10;

/// The body of an answer. Its request is in flight until the last of its bytes is sent.
pub(super) struct Answered {
    body: Body,
    /// What the body gave and was not handed over yet.
    rest: Bytes,
    reading: Reading,
    /// While it is the reader's turn.
    turn: Option<Piece>,
    in_flight: Arc<InFlight>,
}

/// A piece until it is sent.
struct Handed {
    bytes: Bytes,
    _piece: Piece,
    _in_flight: Arc<InFlight>,
}

impl Answered {
    pub(super) fn new(body: Body, reading: Reading, in_flight: InFlight) -> Self {
        let turn = Some(reading.wait());
        Self { body, rest: Bytes::new(), reading, turn, in_flight: Arc::new(in_flight) }
    }
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        this.turn = None;
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        let bytes = this.rest.split_to(this.rest.len().min(PIECE_BYTES));
        let piece = Handed { bytes, _piece: this.reading.wait(), _in_flight: Arc::clone(&this.in_flight) };
        if !this.is_end_stream() {
            this.turn = Some(this.reading.wait());
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

impl AsRef<[u8]> for Handed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
