//! Outgoing requests of clients that are tower services.

use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::http::url;
use crate::outgoing;
use crate::scope::{Entered, OpenEntity, Unwinding};

/// Makes a subsegment of each call, and sends the trace along: for hyper's clients and tonic's channels.
///
/// ```
/// use tower::ServiceBuilder;
/// # fn example<S>(client: S) {
/// let client = ServiceBuilder::new().layer(fluoro_sdk::tower::CallLayer::new()).service(client);
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct CallLayer;

impl CallLayer {
    /// For any client.
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for CallLayer {
    type Service = Call<S>;

    fn layer(&self, inner: S) -> Call<S> {
        Call { inner }
    }
}

/// See [`CallLayer`].
#[derive(Debug, Clone)]
pub struct Call<S> {
    inner: S,
}

impl<S, A, B> Service<Request<A>> for Call<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Error: Error + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = CallFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let host = request.uri().host().unwrap_or("localhost").to_owned();
        let url = url(request.uri(), None, "http");
        let method = request.method().clone();
        let open = outgoing::begin(method.as_str(), &host, url, request.headers_mut());
        let entered = open.as_ref().map(|open| Entered::new(&open.0));
        let inner = self.inner.call(request);
        drop(entered);
        CallFuture { inner, open }
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
    E: Error + 'static,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let unwinding = Unwinding(this.open);
        let entered = unwinding.0.as_ref().map(|open| Entered::new(&open.0));
        let result = ready!(this.inner.poll(task));
        drop(entered);
        if let Some(open) = unwinding.0.take() {
            match &result {
                Ok(response) => outgoing::answered(&open, response.status().as_u16(), response.headers()),
                Err(error) => outgoing::failed(&open, type_name::<E>(), error, None),
            }
        }
        Poll::Ready(result)
    }
}
