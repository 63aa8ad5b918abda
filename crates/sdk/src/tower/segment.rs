//! Incoming requests.

use std::any::type_name;
use std::fmt::{self, Display};
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, HeaderValue, Request, Response};
use tower_layer::Layer;
use tower_service::Service;
use wire::header::Sampled;

use crate::begin::subsegment;
use crate::cause::Exception;
use crate::context::Kind;
use crate::grpc;
use crate::http::{TRACE_HEADER, content_length, incoming, text, url};
use crate::naming::Naming;
use crate::record::{HttpRequest, HttpResponse};
use crate::recorder::{Recorder, global};
use crate::sampler::SamplingRequest;
use crate::scope::{Entered, OpenEntity};
use crate::tower::body::TracedBody;

/// Makes a segment of each request: named, sampled, with its trace continued, and ended with the body of its answer.
///
/// ```no_run
/// # async fn user() {}
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let _recorder = fluoro_sdk::Recorder::builder().name("orders").install()?;
/// let app = axum::Router::new()
///     .route("/user/{id}", axum::routing::get(user))
///     .layer(fluoro_sdk::tower::SegmentLayer::new());
/// axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, app).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct SegmentLayer {
    /// The global one, as it is at each request, where none is given.
    recorder: Option<Recorder>,
    naming: Naming,
    is_silent: bool,
}

impl SegmentLayer {
    /// With the global recorder and its name.
    pub fn new() -> Self {
        Self::default()
    }

    /// With that recorder.
    pub fn recorder(mut self, recorder: &Recorder) -> Self {
        self.recorder = Some(recorder.clone());
        self
    }

    /// What the segments are called.
    pub fn naming(mut self, naming: Naming) -> Self {
        self.naming = naming;
        self
    }

    /// Whether answers tell the trace, as X-Ray's SDKs do; not towards the open internet.
    pub fn respond(mut self, respond: bool) -> Self {
        self.is_silent = !respond;
        self
    }
}

impl<S> Layer<S> for SegmentLayer {
    type Service = Segment<S>;

    fn layer(&self, inner: S) -> Segment<S> {
        Segment { inner, layer: self.clone() }
    }
}

/// See [`SegmentLayer`].
#[derive(Debug, Clone)]
pub struct Segment<S> {
    inner: S,
    layer: SegmentLayer,
}

impl<S, A, B> Service<Request<A>> for Segment<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Error: Display,
    B: http_body::Body,
{
    type Response = Response<TracedBody<B>>;
    type Error = S::Error;
    type Future = SegmentFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let recorder = match &self.layer.recorder {
            Some(own) => Some(own),
            None => global(),
        };
        let Some(recorder) = recorder.filter(|recorder| recorder.is_enabled()) else {
            return SegmentFuture {
                inner: self.inner.call(request),
                open: None,
                answer: None,
                is_head: false,
            };
        };
        let (open, answer) = begin(recorder, &self.layer, &request);
        request.extensions_mut().insert(open.entity());
        let is_head = request.method() == http::Method::HEAD;
        let entered = Entered::new(&open.0);
        let inner = self.inner.call(request);
        drop(entered);
        SegmentFuture { inner, open: Some(open), answer, is_head }
    }
}

/// Begins the segment, and gives the header of the answer.
fn begin<A>(
    recorder: &Recorder,
    layer: &SegmentLayer,
    request: &Request<A>,
) -> (OpenEntity, Option<HeaderValue>) {
    let headers = request.headers();
    let host = text(headers, "host").or_else(|| request.uri().authority().map(http::uri::Authority::as_str));
    let header = incoming(headers);
    let open = if recorder.is_lambda() {
        // Lambda makes the segments.
        subsegment(recorder.core().map(|core| layer.naming.name(core, host)).unwrap_or_default()).begin()
    } else {
        let sampling = SamplingRequest {
            host,
            method: Some(request.method().as_str()),
            path: Some(request.uri().path()),
            ..SamplingRequest::default()
        };
        let builder = recorder.segment_for(&layer.naming, host).request(sampling);
        match &header {
            Some(header) => builder.header(header).begin(),
            None => builder.begin(),
        }
    };
    if open.is_sampled() {
        open.http_request(describe(request, headers, host));
    }
    let answer =
        (!layer.is_silent).then(|| answer(&open, header.and_then(|header| header.sampled))).flatten();
    (open, answer)
}

fn describe<A>(request: &Request<A>, headers: &HeaderMap, host: Option<&str>) -> HttpRequest {
    let forwarded = text(headers, "x-forwarded-for").and_then(|all| all.split(',').next()).map(str::trim);
    let forwarded = forwarded.filter(|first| !first.is_empty());
    let is_grpc = text(headers, "content-type").is_some_and(|kind| kind.starts_with("application/grpc"));
    let scheme = text(headers, "x-forwarded-proto").filter(|&scheme| scheme == "https").unwrap_or("http");
    let mut url = url(request.uri(), host, scheme);
    // HTTP/2 says how it came; gRPC goes by its own name, as for its clients.
    if is_grpc && let Some((_, rest)) = url.split_once("://") {
        url = format!("grpc://{rest}");
    }
    HttpRequest {
        method: request.method().as_str().to_owned(),
        url,
        user_agent: text(headers, "user-agent").map(str::to_owned),
        client_ip: forwarded.map(str::to_owned).or_else(|| peer(request).map(|address| address.to_string())),
        x_forwarded_for: forwarded.is_some(),
    }
}

#[cfg(feature = "axum")]
fn peer<A>(request: &Request<A>) -> Option<IpAddr> {
    let known = request.extensions().get::<axum::extract::ConnectInfo<std::net::SocketAddr>>();
    known.map(|connected| connected.0.ip())
}

#[cfg(not(feature = "axum"))]
fn peer<A>(_: &Request<A>) -> Option<IpAddr> {
    None
}

/// `Root=…`, and the decision for whoever asked.
fn answer(open: &OpenEntity, asked: Option<Sampled>) -> Option<HeaderValue> {
    let root = open.trace_id()?;
    let text = match asked {
        Some(Sampled::Ask) => format!("Root={root};Sampled={}", u8::from(open.is_sampled())),
        _ => format!("Root={root}"),
    };
    HeaderValue::try_from(text).ok()
}

pin_project_lite::pin_project! {
    /// The answer that is awaited. Dropped before, its segment is marked as cancelled.
    pub struct SegmentFuture<F> {
        #[pin]
        inner: F,
        open: Option<OpenEntity>,
        answer: Option<HeaderValue>,
        is_head: bool,
    }

    impl<F> PinnedDrop for SegmentFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            // The inner future is dropped after this; what it records then still finds the segment by its handles.
            if let Some(open) = this.project().open.take() && !std::thread::panicking() {
                open.cancel();
            }
        }
    }
}

impl<F> fmt::Debug for SegmentFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentFuture").field("open", &self.open).finish_non_exhaustive()
    }
}

impl<F, B, E> Future for SegmentFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body,
    E: Display,
{
    type Output = Result<Response<TracedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let unwinding = crate::scope::Unwinding(this.open);
        let entered = unwinding.0.as_ref().map(|open| Entered::new(&open.0));
        let result = ready!(this.inner.poll(task));
        drop(entered);
        let open = unwinding.0.take();
        Poll::Ready(match (result, open) {
            (Ok(response), None) => Ok(response.map(TracedBody::untraced)),
            (Ok(mut response), Some(open)) => {
                open.http_response(HttpResponse {
                    status: response.status().as_u16(),
                    content_length: content_length(response.headers()),
                });
                if open.is_sampled() {
                    // Where gRPC has nothing but an error to tell, that is in the head.
                    grpc::flag(&open, response.headers(), false);
                }
                if let Some(answer) = this.answer.take() {
                    response.headers_mut().entry(TRACE_HEADER).or_insert(answer);
                }
                let has_body = !*this.is_head && !matches!(response.status().as_u16(), 101 | 204 | 304);
                let expected = content_length(response.headers());
                Ok(response.map(|body| TracedBody::new(body, open, has_body, expected)))
            }
            (Err(error), open) => {
                if let Some(Kind::Sampled(cell)) = open.as_ref().map(|open| &open.0) {
                    cell.add_cause(vec![Exception::new(type_name::<E>(), &error.to_string())], true);
                }
                Err(error)
            }
        })
    }
}
