//! Answers until they are sent: each has a share of the memory for answers, so that peers that ask for much and do not read
//! hold no more than their part of it.
//!
//! The share goes with the bytes, and not with the answer: whoever serves the connection may have taken them, and not sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use door::budget::{Full, Share};
use door::cut::Cut;
use http_body::{Frame, SizeHint};

use crate::app::Shared;
use crate::app::access;
use crate::error::unavailable;
use crate::metrics::cut;

/// An answer whose bytes have a share of the memory.
struct Held {
    body: Body,
    share: Arc<Share>,
}

struct HeldBytes {
    bytes: Bytes,
    _share: Arc<Share>,
}

/// Lets an answer go on its way with a share of the memory, or another one where there is none. What has no length, such
/// as a live stream, is made only as it is read.
pub(crate) async fn bound(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let mut share = app.answers.share(access::peer(request.extensions()));
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let length = response.body().size_hint().exact().unwrap_or(0);
    match share.add(usize::try_from(length).unwrap_or(usize::MAX)) {
        Ok(()) if length == 0 => response,
        Ok(()) => response.map(|body| Body::new(Held { body, share: Arc::new(share) })),
        Err(full) => refuse(full, &path),
    }
}

fn refuse(full: Full, path: &str) -> Response {
    let (reason, text) = match full {
        Full::All => (Cut::AnswerMemory, "too many large answers are on their way at a time"),
        Full::Peer => (Cut::AnswerMemoryOfPeer, "too many large answers wait for you to read them"),
    };
    cut(reason);
    unavailable(path, text)
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let hold = |bytes| Bytes::from_owner(HeldBytes { bytes, _share: Arc::clone(&self.share) });
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(hold))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
