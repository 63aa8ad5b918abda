//! What is known of one trace without its documents: everything that a filter expression, a trace
//! summary or a service graph can ask.
//!
//! `query::digest` makes it, the store keeps the newest of each trace, and the rollups are made from it.
//! A store searches some of it in columns and keeps the rest in a serialised one that only it reads; it is no wire format.

use serde::{Deserialize, Serialize};

use crate::coarse::Coarse;
use crate::id::{EntityId, TraceId};
use crate::minute::{Alias, EdgeKind};
use crate::node::{NodeKey, NodeKind};
use crate::segment::{Annotation, Flags, Http, Sequence};
use crate::template;
use crate::time::{Micros, Minute, Timestamp};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceDigest {
    pub id: TraceId,
    /// How many documents it was made from; a higher one replaces a lower one.
    pub revision: u32,
    /// The newest document that it takes into account.
    pub through: Sequence,
    pub first_received: Timestamp,
    pub last_received: Timestamp,
    /// The earliest start; the time of receipt while nothing is visible.
    pub start: Timestamp,
    /// The latest end; `None` while nothing has ended.
    pub end: Option<Timestamp>,
    /// The segment that speaks for the trace; `None` while it is missing.
    pub root: Option<RootDigest>,
    /// Some segment has a 429, wherever it stands.
    pub has_throttle: bool,
    pub is_partial: bool,
    /// Segments, inferred ones included; then all entities.
    pub segments: u32,
    pub spans: u32,
    pub nodes: Vec<NodeDigest>,
    pub edges: Vec<EdgeDigest>,
    /// What requests asked for, such as `GET /orders/{id}` or `PutItem`; requests point here.
    #[serde(default)]
    pub operations: Vec<String>,
    /// Those of them, by their places, that a [rule](crate::template::rule) of people wrote.
    #[serde(default)]
    pub ruled: Vec<u32>,
    /// The requests to nodes as a tree: callers before what they call, that of the root first where there is a root, and
    /// what one request calls by its beginning. Empty where an earlier version made it, and nobody knows.
    #[serde(default)]
    pub calls: Vec<Call>,
    /// Of all entities, in order of receipt; none comes twice for one node.
    pub annotations: Vec<Annotation>,
    /// Whose they are: so many of them, one set after the other. Empty where an earlier version made it, and nobody knows.
    #[serde(default)]
    pub annotation_sets: Vec<AnnotationSet>,
    /// There are more, or longer ones, than a digest keeps.
    pub annotations_cut: bool,
    pub users: Vec<String>,
    pub resource_arns: Vec<String>,
    pub instance_ids: Vec<String>,
    pub availability_zones: Vec<String>,
    /// Values of `service.version`, each with the node that reported it (index into `nodes`).
    pub versions: Vec<(u32, String)>,
    pub fault_causes: Vec<RootCause>,
    pub error_causes: Vec<RootCause>,
    pub response_time_causes: Vec<RootCause>,
    /// Where the failure of this trace began; `None` where nothing failed.
    pub origin: Option<FaultOrigin>,
    /// The groups other than the default that it belongs to, each by its [key](crate::group::key) and with the minute
    /// in which it joined.
    pub groups: Vec<(String, Minute)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootDigest {
    pub id: EntityId,
    /// Index into `nodes`.
    pub node: u32,
    pub start: Timestamp,
    /// `None` while in progress.
    pub response_time: Option<Micros>,
    pub flags: Flags,
    pub http: Http,
    /// Index into `operations`, where a rule of people took its URL.
    #[serde(default)]
    pub endpoint: Option<u32>,
}

/// Annotations that one entity brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AnnotationSet {
    /// Index into `nodes`, of the node that the entity belongs to; `None` where the digest has no room for that.
    pub node: Option<u32>,
    pub count: u32,
}

/// One node that the trace touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeDigest {
    pub key: NodeKey,
    pub kind: NodeKind,
    pub is_root: bool,
    /// From the end of its segments, by their own clock, to their receipt: the least of them. It is negative where the
    /// clock is ahead. `None` where it sent no finished segment.
    #[serde(default)]
    pub delay_millis: Option<i32>,
    /// Its segments in this trace. A client has none.
    pub requests: Vec<Request>,
}

/// One pair of nodes of which the first called the second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeDigest {
    /// Indices into `nodes`.
    pub source: u32,
    pub target: u32,
    pub kind: EdgeKind,
    pub aliases: Vec<Alias>,
    /// As the caller saw them.
    pub requests: Vec<Request>,
}

/// One request to a node, or over an edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The minute in which the documents that decide it were received; rollups count it there.
    pub minute: Minute,
    pub flags: Flags,
    /// `None` while in progress: present, but not counted.
    pub response_time: Option<Micros>,
    /// From the earliest start to the latest end of the segment and its attached subsegments.
    pub duration: Option<Micros>,
    /// Of a request to a node, the time in which it waited for none of its calls. Of one over an edge, the time that
    /// the segment which served it does not account for: the way there and back, and queues on it. `None` where that
    /// cannot be known.
    #[serde(default)]
    pub own: Option<Coarse>,
    /// Index into `operations`; over an edge, as the caller called it.
    #[serde(default)]
    pub operation: Option<u32>,
    pub exceptions: Vec<ExceptionDigest>,
}

/// The place of one request to a node in the tree of its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Index into `nodes`. It is that node's next request: the first call of a node is its first request.
    pub node: u32,
    /// The place of the call that made it, always an earlier one; `None` where nobody did, or nobody knows who.
    pub caller: Option<u32>,
    /// When it began, in 256ths of its caller's response time, rounded down.
    pub begin: u8,
    pub waited: Waited,
}

/// How long a caller waited, beside the response time of what it called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Waited {
    AsServed,
    /// So much longer: the way there and back.
    Longer(Coarse),
    /// No longer than this: it gave up, or did not wait for what was handled later.
    Only(Coarse),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionDigest {
    pub name: Option<String>,
    pub message: Option<String>,
}

/// One causal path, from the root towards the cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootCause {
    pub services: Vec<RootCauseService>,
    /// The path begins at the failing root, so whoever called it noticed.
    pub client_impacting: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootCauseService {
    pub key: NodeKey,
    pub inferred: bool,
    /// From the segment to the subsegment.
    pub entities: Vec<RootCauseEntity>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootCauseEntity {
    pub name: String,
    pub remote: bool,
    /// Response time only: share of the root's response time, three decimals.
    pub coverage: Option<f64>,
    /// Fault and error only.
    pub exceptions: Vec<ExceptionDigest>,
}

/// The entity where the failure of a trace began, and what it said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultOrigin {
    /// The node at fault: the deepest that failed, inferred where it could not be reached.
    pub node: NodeKey,
    pub node_kind: NodeKind,
    /// The node that saw it fail and recorded the exception; the same as `node` where it failed by itself.
    pub witness: NodeKey,
    /// The entity to open first: the deepest failed one that owns an exception.
    pub entity: EntityId,
    pub exception: Option<ExceptionDigest>,
    pub at: Timestamp,
}

/// About what the smallest digest takes in memory, each node or edge of it with a request and short names, and each annotation,
/// other text, or step of a cause.
const DIGEST_BYTES: usize = 1_024;
const PIECE_BYTES: usize = 512;
const TEXT_BYTES: usize = 128;

impl TraceDigest {
    /// About what it takes in memory, for buffers, caches and pages that are bounded by that.
    pub fn memory_bytes(&self) -> usize {
        let causes = [&self.fault_causes, &self.error_causes, &self.response_time_causes];
        let services = causes.into_iter().flatten().flat_map(|cause| &cause.services);
        let causes: usize = services.map(|service| 1 + service.entities.len()).sum();
        let texts = [&self.users, &self.resource_arns, &self.instance_ids, &self.availability_zones];
        let texts: usize = texts.into_iter().map(Vec::len).sum::<usize>() + self.versions.len();
        let pieces = self.nodes.len() + self.edges.len();
        DIGEST_BYTES + pieces * PIECE_BYTES + (self.annotations.len() + causes + texts) * TEXT_BYTES
    }

    /// Whether a node raised an exception.
    pub fn has_exception(&self) -> bool {
        self.nodes.iter().flat_map(|node| &node.requests).any(|request| !request.exceptions.is_empty())
    }

    /// Of one document that was received at that time, of which nothing else is known yet.
    pub fn new(id: TraceId, received: Timestamp) -> Self {
        Self {
            id,
            revision: 1,
            through: Sequence(1),
            first_received: received,
            last_received: received,
            start: received,
            end: None,
            root: None,
            has_throttle: false,
            is_partial: false,
            segments: 0,
            spans: 0,
            nodes: Vec::new(),
            edges: Vec::new(),
            operations: Vec::new(),
            ruled: Vec::new(),
            calls: Vec::new(),
            annotations: Vec::new(),
            annotation_sets: Vec::new(),
            annotations_cut: false,
            users: Vec::new(),
            resource_arns: Vec::new(),
            instance_ids: Vec::new(),
            availability_zones: Vec::new(),
            versions: Vec::new(),
            fault_causes: Vec::new(),
            error_causes: Vec::new(),
            response_time_causes: Vec::new(),
            origin: None,
            groups: Vec::new(),
        }
    }

    /// The annotations of one node's entities, by its place; those of the trace where it is not known whose they are.
    pub fn annotations_of(&self, node: usize) -> impl Iterator<Item = &Annotation> {
        let mut rest = self.annotations.as_slice();
        let of_node = self.annotation_sets.iter().flat_map(move |set| {
            let (own, others) = rest.split_at(rest.len().min(set.count as usize));
            rest = others;
            if set.node.is_some_and(|of| of as usize == node) { own } else { &[] }
        });
        let unknown = if self.annotation_sets.is_empty() { self.annotations.as_slice() } else { &[] };
        of_node.chain(unknown)
    }

    /// From the earliest start to the latest end; `None` while nothing has ended.
    pub fn duration(&self) -> Option<Micros> {
        self.end.map(|end| self.start.until(end))
    }

    pub fn response_time(&self) -> Option<Micros> {
        self.root.as_ref()?.response_time
    }

    /// The longest [own time](Request::own) of a request to a node.
    pub fn self_time(&self) -> Option<Micros> {
        let requests = self.nodes.iter().flat_map(|node| &node.requests);
        requests.filter_map(|request| request.own).max().map(Coarse::micros)
    }

    /// The flags of the root: what the client saw.
    pub fn flags(&self) -> Flags {
        self.root.as_ref().map(|root| root.flags).unwrap_or_default()
    }

    /// Whether it says what its requests worked at; those of earlier versions do not.
    pub fn has_work(&self) -> bool {
        !self.operations.is_empty() || self.nodes.iter().any(|node| node.delay_millis.is_some())
    }

    /// Leaves it as earlier versions made it.
    pub fn forget_work(&mut self) {
        self.forget_operations();
        self.annotation_sets.clear();
        self.calls.clear();
        self.nodes.iter_mut().for_each(|node| node.delay_millis = None);
        self.requests_mut().for_each(|request| request.own = None);
    }

    /// Leaves out how its requests hang together. Earlier versions did not tell, and had those of a node in another order.
    pub fn forget_calls(&mut self) {
        self.calls.clear();
        for node in &mut self.nodes {
            node.requests.sort_by_key(|request| {
                let Flags { error, throttle, fault } = request.flags;
                let times = (request.response_time, request.duration, request.own);
                (request.minute, times, request.operation, [error, throttle, fault])
            });
        }
    }

    /// Leaves out what its requests asked for, which depends on the rules of the time.
    pub fn forget_operations(&mut self) {
        self.operations.clear();
        self.ruled.clear();
        self.requests_mut().for_each(|request| request.operation = None);
        if let Some(root) = &mut self.root {
            root.endpoint = None;
        }
    }

    fn requests_mut(&mut self) -> impl Iterator<Item = &mut Request> {
        let of_edges = self.edges.iter_mut().flat_map(|edge| &mut edge.requests);
        self.nodes.iter_mut().flat_map(|node| &mut node.requests).chain(of_edges)
    }

    /// What a rule of people calls that which the client asked for, where one took its URL.
    pub fn ruled_endpoint(&self) -> Option<&str> {
        let place = self.root.as_ref()?.endpoint?;
        self.operations.get(place as usize).map(String::as_str)
    }

    /// What the client asked for: method and path of the root's request as a template.
    pub fn endpoint(&self) -> Option<String> {
        let http = &self.root.as_ref()?.http;
        let url = http.url.as_ref()?;
        let by_looks = || template::operation(http.method.as_deref(), url);
        Some(self.ruled_endpoint().map_or_else(by_looks, str::to_owned))
    }

    pub fn entry_point(&self) -> Option<&NodeDigest> {
        self.root.as_ref().map(|root| &self.nodes[root.node as usize])
    }
}
