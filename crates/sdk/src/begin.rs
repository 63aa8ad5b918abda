//! How segments and subsegments begin.

use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::SystemTime;

use model::EntityId;
use wire::TraceHeader;
use wire::header::Sampled;

use crate::cell::{Beginning, Cell, Trunk};
use crate::clock::{self, Anchor};
use crate::context::{Carried, Kind, Unsampled};
use crate::entity::Entity;
use crate::id;
use crate::missing;
use crate::record::{Namespace, State};
use crate::recorder::{Core, Recorder};
use crate::sampler::{Decision, SamplingRequest};
use crate::scope::{EnteredEntity, InEntity, OpenEntity};
use crate::stack::{self, Begun, Now};
use crate::value;

/// A segment that is about to begin. See [`Recorder::segment`].
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// use std::time::{Duration, SystemTime};
///
/// use fluoro_sdk::{SamplingRequest, TraceHeader};
///
/// // A message that was received two seconds ago, with the sender's trace beside it.
/// let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
/// let header: TraceHeader = header.parse()?;
/// let request = SamplingRequest { path: Some("/orders"), ..SamplingRequest::default() };
/// let received = SystemTime::now() - Duration::from_secs(2);
/// let segment = recorder.segment("worker").header(&header).request(request).start_at(received);
/// assert_eq!(segment.run(|| fluoro_sdk::trace_id()), header.root);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing begins before `begin`, `enter`, `scope` or `run`"]
#[derive(Debug)]
pub struct SegmentBuilder<'a> {
    core: Option<&'a Arc<Core>>,
    name: Cow<'static, str>,
    header: Option<TraceHeader>,
    request: SamplingRequest<'a>,
    sampled: Option<bool>,
    start: Option<SystemTime>,
    is_facade: bool,
}

impl<'a> SegmentBuilder<'a> {
    #[inline]
    pub(crate) fn new(recorder: &'a Recorder, name: Cow<'static, str>) -> Self {
        Self {
            core: recorder.core(),
            name: value::name(name),
            header: None,
            request: SamplingRequest::default(),
            sampled: None,
            start: None,
            is_facade: false,
        }
    }

    /// Goes on with the caller's trace, and with its decision if it took one.
    #[inline]
    pub fn header(mut self, header: &TraceHeader) -> Self {
        self.header = Some(header.clone());
        self
    }

    /// What the sampling rules are asked with, if the header does not decide.
    #[inline]
    pub fn request(mut self, request: SamplingRequest<'a>) -> Self {
        self.request = request;
        self
    }

    /// Decides, against header and rules.
    #[inline]
    pub fn sampled(mut self, sampled: bool) -> Self {
        self.sampled = Some(sampled);
        self
    }

    /// It began earlier, such as when a message was received.
    #[inline]
    pub fn start_at(mut self, start: SystemTime) -> Self {
        self.start = Some(start);
        self
    }

    /// The segment itself is recorded by somebody else, as Lambda does; only what lies within is recorded here.
    #[inline]
    pub fn facade(mut self) -> Self {
        self.is_facade = true;
        self
    }

    /// Begins it, without making it current.
    #[inline]
    pub fn begin(self) -> OpenEntity {
        OpenEntity::new(self.beginning().open())
    }

    /// Begins it and makes it current on this thread.
    pub fn enter(self) -> EnteredEntity {
        match self.beginning() {
            Begins::Recorded(trunk, name, None) => match stack::begin_segment(trunk, name) {
                Ok(serial) => EnteredEntity::local(serial),
                Err((trunk, name)) => OpenEntity::new(Begins::Recorded(trunk, name, None).open()).enter(),
            },
            other => OpenEntity::new(other.open()).enter(),
        }
    }

    /// Begins it for a future.
    pub fn scope<F: Future>(self, future: F) -> InEntity<F> {
        self.begin().scope(future)
    }

    /// Begins it for a closure.
    #[inline]
    pub fn run<R>(self, closure: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        closure()
    }

    fn beginning(self) -> Begins {
        let Some(core) = self.core else { return Begins::Not(Kind::Nothing) };
        let Self { name, header, request, sampled, start, is_facade, .. } = self;
        let header = header.as_ref();
        let decision = match (sampled, header.and_then(|header| header.sampled)) {
            (Some(sampled), _) => Decision { sampled, rule: None },
            (None, Some(Sampled::Yes)) => Decision { sampled: true, rule: None },
            (None, Some(Sampled::No)) => Decision { sampled: false, rule: None },
            // Whoever makes the segment has decided, or nobody has.
            (None, _) if is_facade => Decision { sampled: false, rule: None },
            (None, Some(Sampled::Ask) | None) => {
                core.decide(&SamplingRequest { name: Some(request.name.unwrap_or(&name)), ..request })
            }
        };
        let now = SystemTime::now();
        let trace_id = header.and_then(|header| header.root);
        // When the trace began, as far as is known here: what began long ago would be taken for a trace of then.
        let trace_id = trace_id.unwrap_or_else(|| id::trace_id(clock::seconds(now)));
        let carried = header.and_then(Carried::of);
        let parent = header.and_then(|header| header.parent);
        let facade: Option<EntityId> = parent.filter(|_| is_facade);
        if !decision.sampled || is_facade && facade.is_none() {
            core.counters.unsampled.one();
            // What Lambda does not trace, the next service may.
            let is_undecided = is_facade && header.is_some_and(|header| header.sampled != Some(Sampled::No));
            return Begins::Not(Kind::Unsampled(Unsampled { trace_id, carried, is_undecided }));
        }
        let anchor = start.map_or_else(|| Anchor::of(now), |start| Anchor::at(start, now));
        let beginning = Beginning { trace_id, parent, carried, rule: decision.rule, anchor, is_facade };
        Begins::Recorded(Arc::new(Trunk::new(Arc::clone(core), beginning)), name, facade)
    }
}

/// What a segment begins as.
enum Begins {
    Not(Kind),
    /// With its name, and its id where that is known.
    Recorded(Arc<Trunk>, Cow<'static, str>, Option<EntityId>),
}

impl Begins {
    fn open(self) -> Kind {
        match self {
            Self::Not(kind) => kind,
            Self::Recorded(trunk, name, id) => {
                Kind::Sampled(Cell::segment(trunk, id.unwrap_or_else(id::entity_id), name))
            }
        }
    }
}

/// A subsegment that is about to begin. See [`subsegment`].
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// use fluoro_sdk::{Namespace, subsegment};
///
/// let order = recorder.segment("orders").begin();
/// let call = subsegment("api.example.com").namespace(Namespace::Remote).child_of(&order).begin();
/// std::thread::spawn(move || call.run(|| fluoro_sdk::annotate("attempt", 1))).join().expect("it does not panic");
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[must_use = "nothing begins before `begin`, `enter`, `scope` or `run`"]
#[derive(Debug)]
pub struct SubsegmentBuilder {
    name: Cow<'static, str>,
    namespace: Option<Namespace>,
    is_unsampled: bool,
    parent: Option<Entity>,
    place: &'static Location<'static>,
}

/// A subsegment of what is current when it begins. Outside of any segment nothing is recorded, and the strategy for
/// missing contexts decides what is said.
///
/// ```
/// async fn load() {
///     fluoro_sdk::subsegment("load order")
///         .scope(async {
///             fluoro_sdk::annotate("tenant", "acme");
///         })
///         .await;
/// }
/// ```
#[track_caller]
#[inline]
pub fn subsegment(name: impl Into<Cow<'static, str>>) -> SubsegmentBuilder {
    SubsegmentBuilder {
        name: name.into(),
        namespace: None,
        is_unsampled: false,
        parent: None,
        place: Location::caller(),
    }
}

impl SubsegmentBuilder {
    /// Where the call goes. With one it becomes a node of the map.
    pub fn namespace(mut self, namespace: Namespace) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// Records neither it nor anything within.
    pub fn unsampled(mut self) -> Self {
        self.is_unsampled = true;
        self
    }

    /// A child of that one, instead of what is current.
    pub fn child_of(mut self, parent: &Entity) -> Self {
        self.parent = Some(parent.clone());
        self
    }

    /// Begins it, without making it current.
    #[inline]
    pub fn begin(self) -> OpenEntity {
        if self.parent.is_none() && !stack::is_heeded() && stack::now() == Now::Nothing {
            return OpenEntity::new(Kind::Nothing);
        }
        OpenEntity::new(self.kind())
    }

    /// Begins it and makes it current on this thread.
    // Where the compiler sees the builder made, nothing is left of it for what is not recorded.
    #[inline(always)]
    pub fn enter(self) -> EnteredEntity {
        if self.parent.is_none() && !stack::is_heeded() {
            return EnteredEntity::none();
        }
        self.enter_heeded()
    }

    fn enter_heeded(self) -> EnteredEntity {
        match stack::now() {
            _ if self.parent.is_some() => self.begin().enter(),
            Now::Nothing => {
                missing::subsegment(&self.name, self.place);
                EnteredEntity::none()
            }
            Now::Unsampled => EnteredEntity::none(),
            Now::Sampled => self.enter_recorded(),
        }
    }

    #[inline]
    fn enter_recorded(mut self) -> EnteredEntity {
        if !self.is_unsampled {
            match stack::begin(value::kept_name(self.name), self.namespace) {
                Begun::Local(serial) => return EnteredEntity::local(serial),
                Begun::Elsewhere(name) => self.name = name,
            }
        }
        self.begin().enter()
    }

    /// Begins it when this is called, for a future.
    #[inline]
    pub fn scope<F: Future>(self, future: F) -> InEntity<F> {
        self.begin().scope(future)
    }

    /// Begins it for a closure.
    #[inline]
    pub fn run<R>(self, closure: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        closure()
    }

    fn kind(self) -> Kind {
        match &self.parent {
            Some(parent) => parent.clone().0.child(self),
            None => stack::with(|current| current.child(self)),
        }
    }
}

impl Kind {
    fn child(&self, builder: SubsegmentBuilder) -> Kind {
        let SubsegmentBuilder { name, namespace, is_unsampled, place, .. } = builder;
        match self {
            Kind::Nothing => {
                missing::subsegment(&name, place);
                Kind::Nothing
            }
            Kind::Unsampled(unsampled) => Kind::Unsampled(unsampled.clone()),
            Kind::Sampled(cell) => {
                let unsampled = || {
                    let trunk = &cell.trunk;
                    Kind::Unsampled(Unsampled {
                        trace_id: trunk.trace_id,
                        carried: trunk.carried.clone(),
                        is_undecided: false,
                    })
                };
                if is_unsampled {
                    return unsampled();
                }
                let state = State { namespace, ..State::default() };
                cell.child(value::kept_name(name), state).map_or_else(unsampled, Kind::Sampled)
            }
        }
    }
}
