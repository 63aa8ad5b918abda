//! Calls by gRPC, as `tonic` makes and serves them.
//!
//! A server has [`tower::SegmentLayer`](crate::tower::SegmentLayer), as any: `Server::builder().layer(SegmentLayer::new())`. Its
//! requests are `grpc://host/package.Service/Method`. A client has [`CallLayer`] around its channel:
//!
//! ```
//! use tower::ServiceBuilder;
//! # fn example<C>(channel: C) {
//! let calls = fluoro_sdk::tonic::CallLayer::new("orders.internal");
//! let channel = ServiceBuilder::new().layer(calls).service(channel); // OrdersClient::new(channel)
//! # }
//! ```
//!
//! The trace goes with the call's metadata. How it went is told by the code of gRPC: `ResourceExhausted` is throttled; `Unknown`,
//! `DeadlineExceeded`, `Unimplemented`, `Internal`, `Unavailable` and `DataLoss` are faults; the others are errors.

use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::grpc;
use crate::outgoing;
use crate::scope::{Entered, OpenEntity, Unwinding};
use crate::tower::TracedBody;

/// Makes a subsegment of each call, until its last message and its status have come.
///
/// Messages of a stream that are dropped while one is awaited are `Cancelled`; who has seen enough of them drops them without
/// a fault.
#[derive(Debug, Clone)]
pub struct CallLayer {
    host: Arc<str>,
}

impl CallLayer {
    /// For a channel to that host, which no layer around a channel sees. It is what the subsegments are called, without its
    /// port.
    pub fn new(host: impl Into<String>) -> Self {
        Self { host: host.into().into() }
    }
}

impl<S> Layer<S> for CallLayer {
    type Service = Call<S>;

    fn layer(&self, inner: S) -> Call<S> {
        Call { inner, layer: self.clone() }
    }
}

/// See [`CallLayer`].
#[derive(Debug, Clone)]
pub struct Call<S> {
    inner: S,
    layer: CallLayer,
}

impl<S, A, B> Service<Request<A>> for Call<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Error: Error + 'static,
    B: http_body::Body,
{
    type Response = Response<TracedBody<B>>;
    type Error = S::Error;
    type Future = CallFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let authority = request.uri().authority().map_or(&*self.layer.host, |authority| authority.as_str());
        let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
        let (name, url) = (without_port(authority), format!("grpc://{authority}{}", request.uri().path()));
        let (name, method) = (name.to_owned(), request.method().clone());
        let open = outgoing::begin(method.as_str(), &name, url, request.headers_mut());
        let entered = open.as_ref().map(|open| Entered::new(&open.0));
        let inner = self.inner.call(request);
        drop(entered);
        CallFuture { inner, open }
    }
}

/// `host` of `host:port`, and of an address in brackets all of it.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

pin_project_lite::pin_project! {
    /// The answer that is awaited.
    pub struct CallFuture<F> {
        #[pin]
        inner: F,
        open: Option<OpenEntity>,
    }

    impl<F> PinnedDrop for CallFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(open) = this.project().open.take() && !std::thread::panicking() {
                open.cancel();
            }
        }
    }
}

impl<F> fmt::Debug for CallFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").field("open", &self.open).finish_non_exhaustive()
    }
}

impl<F, B, E> Future for CallFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body,
    E: Error + 'static,
{
    type Output = Result<Response<TracedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let unwinding = Unwinding(this.open);
        let entered = unwinding.0.as_ref().map(|open| Entered::new(&open.0));
        let result = ready!(this.inner.poll(task));
        drop(entered);
        let open = unwinding.0.take();
        Poll::Ready(match (result, open) {
            (Ok(response), None) => Ok(response.map(TracedBody::untraced)),
            (Ok(response), Some(open)) => {
                outgoing::answered(&open, response.status().as_u16(), response.headers());
                // Where there is nothing but an error, it is in the head.
                grpc::flag(&open, response.headers(), true);
                Ok(response.map(|body| TracedBody::of_call(body, open)))
            }
            (Err(error), Some(open)) => {
                outgoing::failed(&open, type_name::<E>(), &error, None);
                Err(error)
            }
            (Err(error), None) => Err(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_port() {
        assert_eq!(without_port("orders:50051"), "orders");
        assert_eq!(without_port("orders"), "orders");
        assert_eq!(without_port("[::1]:50051"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
    }
}
