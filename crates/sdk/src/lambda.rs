//! Functions of AWS Lambda, which makes the segments itself: what is recorded here lies within them.
//!
//! ```no_run
//! use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
//!
//! async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
//!     fluoro_sdk::subsegment("load order").scope(async { Ok(event.payload) }).await
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Error> {
//!     let _recorder = fluoro_sdk::Recorder::builder().name("orders").install()?;
//!     Runtime::new(fluoro_sdk::lambda::traced(service_fn(handler))).run().await
//! }
//! ```
//!
//! Each invocation goes on with its own header, so that invocations that run at once do not mix. What it has recorded is on its
//! way before the answer is, because Lambda may freeze the process right after. Nothing is sampled here: Lambda has decided.

use std::any::{Any, type_name};
use std::fmt::{self, Debug};
use std::fs;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lambda_runtime::{Diagnostic, LambdaEvent, LambdaInvocation};
use tower_layer::Layer;
use tower_service::Service;
use wire::TraceHeader;

use crate::begin::subsegment;
use crate::cause::Exception;
use crate::context::Kind;
use crate::entity::{Entity, current};
use crate::recorder::{Recorder, global};
use crate::scope::{Entered, OpenEntity, Unwinding};

/// How long an answer may be held up so that what was recorded leaves before it.
const FLUSH: Duration = Duration::from_millis(50);
/// Lambda takes its presence as a sign that subsegments will come.
const SENTINEL: &str = "/tmp/.aws-xray";

/// A handler whose invocations are recorded, with the global recorder. See [`FacadeLayer`].
pub fn traced<S>(handler: S) -> Facade<S> {
    FacadeLayer::new().layer(handler)
}

/// What Lambda's segment is to this process, by the variable `_X_AMZN_TRACE_ID`: for code without a runtime whose layer could
/// tell. The variable is one for the process, so not for invocations that run at once.
///
/// What is recorded within is on its way once [`Recorder::flush`] has returned.
///
/// ```
/// let recorder = fluoro_sdk::Recorder::builder().memory().build()?;
/// fluoro_sdk::lambda::from_environment(&recorder).run(|| {
///     fluoro_sdk::subsegment("work").run(|| { /* … */ });
/// });
/// recorder.flush(std::time::Duration::from_millis(50));
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub fn from_environment(recorder: &Recorder) -> OpenEntity {
    facade(recorder, std::env::var("_X_AMZN_TRACE_ID").ok().as_deref())
}

/// Makes each invocation a subsegment `## handler` of Lambda's segment, within which the handler runs.
///
/// Around a handler it records the handler's error. Around a whole runtime (`Runtime::layer`) what was recorded leaves after the
/// answer, and before the next event is asked for; of errors it knows the runtime's alone. Around both, the outer one counts. Where Lambda's header lacks a parent or a decision nothing is recorded, and its root is passed
/// on; where there is no header at all, the context is missing.
#[derive(Debug, Clone)]
pub struct FacadeLayer {
    /// The global one, as it is at each invocation, where none is given.
    recorder: Option<Recorder>,
    flush: Duration,
    /// Whether there was an invocation before.
    is_warm: Arc<AtomicBool>,
}

impl FacadeLayer {
    /// With the global recorder.
    pub fn new() -> Self {
        Self { recorder: None, flush: FLUSH, is_warm: Arc::default() }
    }

    /// How long an answer may be held up so that what was recorded leaves before it: 50 ms, unless told otherwise here.
    pub fn flush_within(mut self, longest: Duration) -> Self {
        self.flush = longest;
        self
    }

    /// With that recorder.
    pub fn recorder(mut self, recorder: &Recorder) -> Self {
        self.recorder = Some(recorder.clone());
        self
    }

    fn begin(&self, header: Option<&str>) -> Option<Begun> {
        let recorder =
            self.recorder.as_ref().or_else(|| global()).filter(|recorder| recorder.is_enabled())?;
        // The layer is around the runtime too.
        if current().is_some() {
            return None;
        }
        let facade = facade(recorder, header);
        let is_cold = !self.is_warm.swap(true, Relaxed);
        if is_cold && recorder.is_lambda() {
            tell_lambda();
        }
        if matches!(facade.0, Kind::Nothing) {
            return None;
        }
        let handler = subsegment("## handler").child_of(&facade).begin();
        if is_cold {
            handler.annotate("ColdStart", true);
        }
        Some(Begun { handler: Some(handler), _facade: facade, recorder: recorder.clone(), flush: self.flush })
    }
}

impl Default for FacadeLayer {
    fn default() -> Self {
        Self::new()
    }
}

fn facade(recorder: &Recorder, header: Option<&str>) -> OpenEntity {
    let read =
        header.and_then(|header| header.parse::<TraceHeader>().ok()).filter(|header| header.root.is_some());
    let Some(read) = read else {
        log::debug!(target: "fluoro_sdk", "Lambda gave no header with a root: {header:?}");
        return OpenEntity::new(Kind::Nothing);
    };
    if read.parent.is_none() || read.sampled.is_none() {
        log::debug!(target: "fluoro_sdk", "Lambda's header has no parent or no decision: {header:?}; nothing is recorded");
    }
    recorder.segment("facade").header(&read).facade().begin()
}

fn tell_lambda() {
    let told = fs::create_dir_all(SENTINEL).and_then(|()| fs::write(format!("{SENTINEL}/initialized"), ""));
    if let Err(error) = told {
        log::debug!(target: "fluoro_sdk", "cannot touch {SENTINEL}/initialized: {error}");
    }
}

impl<S> Layer<S> for FacadeLayer {
    type Service = Facade<S>;

    fn layer(&self, inner: S) -> Facade<S> {
        Facade { inner, layer: self.clone() }
    }
}

/// See [`FacadeLayer`].
#[derive(Debug, Clone)]
pub struct Facade<S> {
    inner: S,
    layer: FacadeLayer,
}

impl<S> Facade<S> {
    fn invoke<R>(&mut self, header: Option<&str>, request: R) -> FacadeFuture<S::Future>
    where
        S: Service<R>,
    {
        let begun = self.layer.begin(header);
        let entered = begun.as_ref().and_then(|begun| Some(Entered::new(&begun.handler.as_ref()?.0)));
        let inner = self.inner.call(request);
        drop(entered);
        FacadeFuture { inner, begun }
    }
}

impl<S, P> Service<LambdaEvent<P>> for Facade<S>
where
    S: Service<LambdaEvent<P>, Error: Debug + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = FacadeFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, event: LambdaEvent<P>) -> Self::Future {
        let header = event.context.xray_trace_id.clone();
        self.invoke(header.as_deref(), event)
    }
}

impl<S> Service<LambdaInvocation> for Facade<S>
where
    S: Service<LambdaInvocation, Error: Debug + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = FacadeFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let header = invocation.context.xray_trace_id.clone();
        self.invoke(header.as_deref(), invocation)
    }
}

/// An invocation that is under way.
#[derive(Debug)]
struct Begun {
    handler: Option<OpenEntity>,
    /// Keeps its subsegments' segment.
    _facade: OpenEntity,
    recorder: Recorder,
    flush: Duration,
}

impl Begun {
    /// Once all is ended.
    fn flush(self) {
        let Self { handler, recorder, flush, .. } = self;
        drop(handler);
        if !recorder.flush(flush) {
            log::warn!(target: "fluoro_sdk", "answered before all was sent");
        }
    }
}

pin_project_lite::pin_project! {
    /// The answer that is awaited.
    pub struct FacadeFuture<F> {
        #[pin]
        inner: F,
        begun: Option<Begun>,
    }

    impl<F> PinnedDrop for FacadeFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            // Dropped before the answer; or after a panic, which has ended the handler's subsegment.
            if let Some(mut begun) = this.project().begun.take() && !std::thread::panicking() {
                if let Some(open) = begun.handler.take() {
                    open.cancel();
                }
                begun.flush();
            }
        }
    }
}

impl<F> Debug for FacadeFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FacadeFuture").field("begun", &self.begun).finish_non_exhaustive()
    }
}

impl<F, R, E> Future for FacadeFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Debug + 'static,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(begun) = this.begun.as_mut() else { return this.inner.poll(task) };
        let unwinding = Unwinding(&mut begun.handler);
        let entered = Entered::new(unwinding.0.as_ref().map_or(&Kind::Nothing, |open| &open.0));
        let result = ready!(this.inner.poll(task));
        drop(entered);
        if let (Err(error), Some(open)) = (&result, &*unwinding.0) {
            record(open, error);
        }
        drop(unwinding);
        if let Some(begun) = this.begun.take() {
            begun.flush();
        }
        Poll::Ready(result)
    }
}

/// What a handler's error tells; of those that have sources, all of them.
#[track_caller]
fn record<E: Debug + 'static>(entity: &Entity, error: &E) {
    let any: &dyn Any = error;
    if let Some(error) = any.downcast_ref::<lambda_runtime::Error>() {
        entity.error_dyn(&**error);
    } else if let Kind::Sampled(cell) = &entity.0 {
        let mut exception = match any.downcast_ref::<Diagnostic>() {
            Some(told) => Exception::new(told.error_type.as_str(), &told.error_message),
            None => Exception::new(type_name::<E>(), &format!("{error:?}")),
        };
        exception.frame = Some(std::panic::Location::caller());
        cell.add_cause(vec![exception], true);
    }
}
