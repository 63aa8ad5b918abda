//! How an entity is current and when it ends: guards for code that does not wait, wrappers for futures and closures.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::thread;

use serde_core::Serialize;

use crate::cause;
use crate::context::Kind;
use crate::entity::{Entity, current, put_annotation, put_metadata};
use crate::stack::{self, Target};
use crate::value::AnnotationValue;

/// An entity that is open, and ends when this is dropped. It is not current by itself.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// let order = recorder.segment("orders").begin();
/// order.annotate("tenant", "acme");
/// drop(order); // ends it
/// assert_eq!(recorder.stats().open_segments, 0);
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[must_use = "it ends when it is dropped"]
#[derive(Debug)]
pub struct OpenEntity {
    entity: Entity,
}

impl OpenEntity {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { entity: Entity(kind) }
    }

    /// A handle, which does not keep it open.
    pub fn entity(&self) -> Entity {
        self.entity.clone()
    }

    /// Makes it current on this thread until the guard is dropped.
    pub fn enter(self) -> EnteredEntity {
        let serial = stack::enter(&self.entity.0);
        EnteredEntity::new(serial, Some(self.into_entity()))
    }

    /// Makes it current in a future, at each poll and at its drop, and ends it with the future.
    #[inline]
    pub fn scope<F>(self, future: F) -> InEntity<F> {
        let kind = self.entity.0.clone();
        InEntity::new(Some(self), kind, future)
    }

    /// Runs a closure within it.
    pub fn run<R>(self, closure: impl FnOnce() -> R) -> R {
        let _entered = Entered::new(&self.entity.0);
        closure()
    }

    fn end_sampled(&self) {
        if thread::panicking() {
            self.entity.panicked();
        }
        self.entity.end();
    }

    /// The entity, which somebody else ends.
    fn into_entity(mut self) -> Entity {
        std::mem::take(&mut self.entity)
    }

    /// Its work was dropped before it was done.
    pub(crate) fn cancel(self) {
        self.entity.cancelled();
    }

    /// It turned out to be nothing that is recorded.
    #[cfg(feature = "aws")]
    pub(crate) fn discard(mut self) {
        if let Kind::Sampled(cell) = std::mem::take(&mut self.entity.0) {
            cell.discard();
        }
    }
}

impl Deref for OpenEntity {
    type Target = Entity;

    fn deref(&self) -> &Entity {
        &self.entity
    }
}

impl Drop for OpenEntity {
    #[inline]
    fn drop(&mut self) {
        if self.entity.is_sampled() {
            self.end_sampled();
        }
    }
}

/// Keeps an entity current for as long as a future is polled or a closure runs. Nothing that is entered within stays
/// current after it, not even what a guard holds that outlives it.
#[derive(Debug)]
pub(crate) struct Entered {
    serial: u64,
    /// What is current belongs to the thread.
    _not_send: PhantomData<*const ()>,
}

impl Entered {
    #[inline]
    pub(crate) fn new(own: &Kind) -> Self {
        Self { serial: stack::enter(own), _not_send: PhantomData }
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        if self.serial != 0 {
            stack::leave_all(self.serial);
        }
    }
}

/// An entity that is current on this thread, and ends when this is dropped.
///
/// It is not `Send`, so that a future which holds it across an `.await` cannot be spawned: use
/// [`SubsegmentBuilder::scope`](crate::SubsegmentBuilder::scope) there.
///
/// ```compile_fail
/// fn spawned(_: impl Future + Send) {}
/// spawned(async {
///     let _entered = fluoro_sdk::subsegment("load").enter();
///     std::future::ready(()).await;
/// });
/// ```
#[must_use = "it ends when it is dropped"]
#[derive(Debug)]
pub struct EnteredEntity {
    /// Its place among what is current; 0 where it has none.
    serial: u64,
    /// Where that place is not all there is of it, it is in `handle`.
    is_open: bool,
    /// Else made when it is asked for. Whoever drops a guard looks whether there is one, so that nothing is left to do for one of
    /// what is not recorded.
    handle: ManuallyDrop<OnceCell<Entity>>,
    /// What is current belongs to the thread.
    _not_send: PhantomData<*const ()>,
}

impl EnteredEntity {
    /// Of what is not recorded.
    #[inline]
    pub(crate) fn none() -> Self {
        Self::new(0, None)
    }

    #[inline]
    fn new(serial: u64, open: Option<Entity>) -> Self {
        let is_open = open.is_some();
        let handle = open.map_or_else(OnceCell::new, OnceCell::from);
        Self { serial, is_open, handle: ManuallyDrop::new(handle), _not_send: PhantomData }
    }

    /// Of what lies in the stack.
    pub(crate) fn local(serial: u64) -> Self {
        Self::new(serial, None)
    }

    /// [`Entity::annotate`], without a handle: the rest is reached through one, which costs an allocation the first time.
    pub fn annotate(&self, key: impl Into<Cow<'static, str>>, value: impl Into<AnnotationValue>) {
        if self.is_open {
            Entity::annotate(self, key, value);
        } else if self.serial != 0 {
            put_annotation(Target::Entered(self.serial), key.into(), value.into());
        }
    }

    /// [`Entity::metadata`], in the same way.
    pub fn metadata(&self, key: impl Into<Cow<'static, str>>, value: &(impl Serialize + ?Sized)) {
        if self.is_open {
            Entity::metadata(self, key, value);
        } else if self.serial != 0 {
            put_metadata(Target::Entered(self.serial), "default".into(), key.into(), value);
        }
    }

    fn leave(&mut self) {
        let handle = self.handle.get().is_some().then(|| self.handle.take()).flatten();
        match handle {
            Some(entity) if self.is_open => {
                // What was current before is so again when it ends.
                stack::leave(self.serial);
                drop(OpenEntity { entity });
            }
            _ if self.serial != 0 => {
                if thread::panicking() {
                    let panic = cause::of_panic();
                    Target::Entered(self.serial).with(|open| open.add_cause(vec![panic], true));
                }
                stack::end(self.serial);
            }
            _ => {}
        }
    }
}

impl Deref for EnteredEntity {
    type Target = Entity;

    fn deref(&self) -> &Entity {
        self.handle.get_or_init(|| {
            Entity(if self.serial == 0 { stack::unsampled() } else { stack::handle(self.serial) })
        })
    }
}

impl Drop for EnteredEntity {
    #[inline]
    fn drop(&mut self) {
        if self.serial != 0 || self.handle.get().is_some() {
            self.leave();
        }
    }
}

pin_project_lite::pin_project! {
    /// A future within an entity: current at each poll and while the future is dropped.
    ///
    /// A future that is dropped before it is done counts as cancelled: a fault of a call to elsewhere, a mark on what
    /// is none.
    ///
    /// ```
    /// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
    /// use fluoro_sdk::subsegment;
    ///
    /// let work = recorder.segment("orders").scope(async {
    ///     subsegment("load").scope(std::future::ready(7)).await
    /// });
    /// # futures_util::future::FutureExt::now_or_never(work).expect("it waits for nothing");
    /// # Ok::<(), fluoro_sdk::ConfigError>(())
    /// ```
    #[must_use = "futures do nothing unless they are polled"]
    #[derive(Debug)]
    pub struct InEntity<F> {
        // What ends with the future; nothing if it merely runs within an entity of others.
        open: Option<OpenEntity>,
        kind: Kind,
        // Gone once it is done.
        #[pin]
        inner: Option<F>,
    }

    impl<F> PinnedDrop for InEntity<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_none() {
                return;
            }
            let entered = Entered::new(this.kind);
            this.inner.set(None);
            drop(entered);
            if let Some(open) = this.open.take() && !thread::panicking() {
                open.cancel();
            }
        }
    }
}

impl<F> InEntity<F> {
    fn new(open: Option<OpenEntity>, kind: Kind, future: F) -> Self {
        Self { open, kind, inner: Some(future) }
    }
}

impl<F: Future> Future for InEntity<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            // Whoever polls on after the end never hears anything, as with any fused future.
            return Poll::Pending;
        };
        let unwinding = Unwinding(this.open);
        let entered = Entered::new(this.kind);
        let polled = inner.poll(task);
        if polled.is_ready() {
            // Within the context too: what the future still holds may record something at its drop.
            this.inner.set(None);
            drop(entered);
            drop(unwinding.0.take());
        }
        polled
    }
}

/// The entity ends with the stream; one that is dropped before counts as cancelled.
#[cfg(feature = "stream")]
#[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
impl<S: futures_core::Stream> futures_core::Stream for InEntity<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let unwinding = Unwinding(this.open);
        let entered = Entered::new(this.kind);
        let polled = inner.poll_next(task);
        if matches!(polled, Poll::Ready(None)) {
            this.inner.set(None);
            drop(entered);
            drop(unwinding.0.take());
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.as_ref().map_or((0, Some(0)), S::size_hint)
    }
}

/// A panic in a poll ends the entity as such: the runtime catches it and drops the future later, when nothing tells
/// any more why.
pub(crate) struct Unwinding<'a>(pub(crate) &'a mut Option<OpenEntity>);

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            drop(self.0.take());
        }
    }
}

/// Takes the current entity along to where nothing is inherited: tasks, threads, pools.
///
/// ```
/// use fluoro_sdk::InCurrentEntity as _;
/// # async fn refill() {}
/// # async fn example() {
/// let task = refill().in_current_entity(); // tokio::spawn(task)
/// # task.await;
/// # }
/// ```
///
/// With the feature `stream` what it gives of a stream is one.
pub trait InCurrentEntity: Sized {
    /// The future, within what is current now.
    fn in_current_entity(self) -> InEntity<Self> {
        self.in_entity(&current().unwrap_or_default())
    }

    /// The future, within that entity, which it does not end.
    fn in_entity(self, entity: &Entity) -> InEntity<Self> {
        InEntity::new(None, entity.0.clone(), self)
    }
}

impl<F> InCurrentEntity for F {}

/// A closure that runs within what is current now, on whichever thread.
///
/// ```
/// let work = fluoro_sdk::in_current_entity(|| fluoro_sdk::annotate("where", "a thread"));
/// std::thread::spawn(work).join().expect("it does not panic");
/// ```
pub fn in_current_entity<R>(closure: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let kind = current().unwrap_or_default().0;
    move || {
        let _entered = Entered::new(&kind);
        closure()
    }
}
