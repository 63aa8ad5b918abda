//! The body of an answer: its segment ends with it.

use std::any::type_name;
use std::fmt::{self, Display};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf as _;
use http_body::{Body, Frame, SizeHint};

use crate::cause::Exception;
use crate::context::Kind;
use crate::entity::Entity;
use crate::grpc;
use crate::record::HttpResponse;
use crate::scope::{Entered, OpenEntity, Unwinding};

pin_project_lite::pin_project! {
    /// A body whose end is the end of its segment, or of its call. Where it is dropped before, the segment is marked as
    /// cancelled, for the caller has gone; a call is only if something is awaited, else enough has been seen.
    pub struct TracedBody<B> {
        #[pin]
        inner: B,
        open: Option<OpenEntity>,
        sent: u64,
        expected: Option<u64>,
        is_call: bool,
        is_awaited: bool,
    }

    impl<B> PinnedDrop for TracedBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let is_whole = this.expected.is_some_and(|expected| *this.sent >= expected)
                || *this.is_call && !*this.is_awaited;
            match this.open.take() {
                Some(open) if !is_whole && !std::thread::panicking() => open.cancel(),
                _ => {}
            }
        }
    }
}

impl<B: Body> TracedBody<B> {
    pub(crate) fn untraced(inner: B) -> Self {
        Self { inner, open: None, sent: 0, expected: None, is_call: false, is_awaited: false }
    }

    /// Of a call by gRPC.
    #[cfg(feature = "tonic")]
    pub(crate) fn of_call(inner: B, open: OpenEntity) -> Self {
        let mut body = Self::new(inner, open, true, None);
        body.is_call = true;
        body
    }

    pub(crate) fn new(inner: B, open: OpenEntity, has_body: bool, expected: Option<u64>) -> Self {
        // Servers do not ask bodies for more that have nothing.
        let is_empty = !has_body || inner.is_end_stream();
        let expected = expected.or_else(|| inner.size_hint().exact());
        let mut body = Self::untraced(inner);
        (body.open, body.expected) = ((!is_empty).then_some(open), expected);
        body
    }
}

impl<B> fmt::Debug for TracedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedBody")
            .field("open", &self.open)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

impl<B: Default> Default for TracedBody<B> {
    fn default() -> Self {
        Self { inner: B::default(), open: None, sent: 0, expected: None, is_call: false, is_awaited: false }
    }
}

impl<B> Body for TracedBody<B>
where
    B: Body,
    B::Error: Display,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let unwinding = Unwinding(this.open);
        let entered = unwinding.0.as_ref().map(|open| Entered::new(&open.0));
        *this.is_awaited = true;
        let frame = ready!(this.inner.as_mut().poll_frame(task));
        *this.is_awaited = false;
        drop(entered);
        match &frame {
            Some(Ok(frame)) => {
                *this.sent += frame.data_ref().map_or(0, |data| data.remaining() as u64);
                if let (Some(trailers), Some(open)) = (frame.trailers_ref(), unwinding.0.as_ref()) {
                    grpc::flag(open, trailers, *this.is_call);
                }
            }
            Some(Err(error)) => {
                if let Some(Kind::Sampled(cell)) = unwinding.0.as_ref().map(|open| &open.0) {
                    cell.add_cause(vec![Exception::new(type_name::<B::Error>(), &error.to_string())], true);
                }
            }
            None => {}
        }
        let is_over = !matches!(frame, Some(Ok(_))) || this.inner.is_end_stream();
        if is_over && let Some(open) = unwinding.0.take() {
            count(&open, *this.sent);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// What was sent, where no header said it.
fn count(entity: &Entity, sent: u64) {
    entity.change(|state| {
        if let Some(HttpResponse { content_length: length @ None, .. }) = &mut state.extra().response {
            *length = Some(sent);
        }
    });
}
