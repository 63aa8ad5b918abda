//! The nodes and edges that a trace touches, with its requests to each (docs/xray.md 5.2, 5.3, 5.5).

use ahash::AHashMap as HashMap;
use model::digest::{Call, EdgeDigest, ExceptionDigest, NodeDigest, Request};
use model::minute::{Alias, EdgeKind};
use model::template::rule::UrlRules;
use model::trace::{Span, SpanKind};
use model::{Coarse, Micros, NodeKey, NodeKind, Timestamp, Trace};

use super::bounds;
use super::calls;
use super::exceptions::{Exceptions, is_call};
use super::work::{self, Operations};
use crate::trace::assemble::called_node;

pub(super) struct Touched<'r> {
    pub(super) nodes: Vec<NodeDigest>,
    pub(super) edges: Vec<EdgeDigest>,
    pub(super) operations: Operations<'r>,
    pub(super) calls: Vec<Call>,
    node_indices: HashMap<NodeKey, u32>,
    edge_indices: HashMap<(u32, u32, EdgeKind), usize>,
    node_requests: usize,
    edge_requests: usize,
    /// How many more requests may keep their exceptions.
    node_exceptions_left: usize,
    edge_exceptions_left: usize,
    aliases_left: usize,
}

impl<'r> Touched<'r> {
    pub(super) fn by(trace: &Trace<'_>, exceptions: &Exceptions<'_>, rules: &'r UrlRules) -> Self {
        let mut touched = Self {
            nodes: Vec::new(),
            edges: Vec::new(),
            operations: Operations::by(rules),
            calls: Vec::new(),
            node_indices: HashMap::new(),
            edge_indices: HashMap::new(),
            node_requests: 0,
            edge_requests: 0,
            node_exceptions_left: bounds::REQUESTS_WITH_EXCEPTIONS,
            edge_exceptions_left: bounds::REQUESTS_WITH_EXCEPTIONS,
            aliases_left: bounds::ALIASES,
        };
        let charged = exceptions.by_request();
        // First of all, so that the root's node is there whatever is cut.
        if let Some(root) = trace.root() {
            touched.enter_client(&trace.spans[root]);
        }
        touched.enter_roots(trace);
        touched.enter_calls(trace, &charged);
        touched.enter_segments(trace, &charged);
        touched
    }

    pub(super) fn index_of(&self, key: &NodeKey) -> Option<u32> {
        self.node_indices.get(key).copied()
    }

    /// A client in front of each root. What it saw is what the root says of itself.
    fn enter_roots(&mut self, trace: &Trace<'_>) {
        for &segment in &trace.segments {
            let root = &trace.spans[segment];
            if !root.is_root() {
                continue;
            }
            if let Some((client, node)) = self.enter_client(root) {
                let mut request = request(root, root.received);
                request.operation = self.operations.of(root, &root.node.name);
                self.enter_edge((client, node, EdgeKind::Call), None, request, Vec::new());
            }
        }
    }

    fn enter_client(&mut self, root: &Span<'_>) -> Option<(u32, u32)> {
        let client = self.enter_node(&NodeKey::client(&root.node.name), NodeKind::Client)?;
        let node = self.enter_node(&root.node, root.node_kind)?;
        self.nodes[node as usize].is_root = true;
        Some((client, node))
    }

    /// One request over an edge for each call and each node that served it. A call that several segments of
    /// one node claim is still one call; it counts from when the first of them was there.
    fn enter_calls(&mut self, trace: &Trace<'_>, charged: &[Vec<ExceptionDigest>]) {
        for (caller, exceptions) in trace.spans.iter().zip(charged) {
            let callees = || caller.callees.iter().map(|&callee| &trace.spans[callee]);
            let mut first_received: HashMap<&NodeKey, Timestamp> = HashMap::new();
            for callee in callees() {
                let first = first_received.entry(&callee.node).or_insert(callee.received);
                *first = callee.received.min(*first);
            }
            let way = work::way(trace, caller);
            for callee in callees() {
                if caller.is_segment() {
                    // Nobody recorded the calls themselves, so each callee is one.
                    self.enter_call(caller, callee, callee.received, (None, &[]));
                } else if let Some(received) = first_received.remove(&callee.node) {
                    self.enter_call(caller, callee, received, (way, exceptions));
                }
            }
        }
    }

    fn enter_call(
        &mut self,
        caller: &Span<'_>,
        callee: &Span<'_>,
        callee_received: Timestamp,
        (way, exceptions): (Option<Coarse>, &[ExceptionDigest]),
    ) {
        let Some(source) = self.enter_node(&caller.node, caller.node_kind) else { return };
        let Some(target) = self.enter_node(&callee.node, callee.node_kind) else { return };
        let seen = if caller.is_segment() { callee } else { caller };
        let mut request = request(seen, caller.received.max(callee_received));
        request.own = way;
        request.operation = self.operations.of(seen, &callee.node.name);
        let nodes = (source, target, EdgeKind::Call);
        self.enter_edge(nodes, alias(caller, callee), request, exceptions.to_vec());
    }

    fn enter_segments(&mut self, trace: &Trace<'_>, charged: &[Vec<ExceptionDigest>]) {
        let envelopes = envelopes(trace);
        let own = work::own_times(trace);
        let order = calls::order(trace);
        let mut kept: Vec<Option<u32>> = vec![None; order.len()];
        for (place, calls::Placed { segment, caller }) in order.into_iter().enumerate() {
            let span = &trace.spans[segment];
            let Some(node) = self.enter_node(&span.node, span.node_kind) else { continue };
            if self.node_requests == bounds::REQUESTS {
                continue;
            }
            self.node_requests += 1;
            kept[place] = u32::try_from(self.calls.len()).ok();
            let caller = caller.and_then(|caller| kept[caller]);
            self.calls.push(calls::call(trace, segment, node, caller));
            let mut request = request(span, span.received);
            request.duration = span.entity.end.map(|_| envelopes[segment]);
            request.own = own[segment];
            request.operation = self.operations.of(span, &span.node.name);
            // Of a request to a node that sends nothing, its caller is the only witness.
            let witness = if span.kind == SpanKind::Inferred { span.caller } else { None };
            let exceptions = charged[witness.unwrap_or(segment)].clone();
            request.exceptions = keep_exceptions(&mut self.node_exceptions_left, exceptions);
            let node = &mut self.nodes[node as usize];
            node.requests.push(request);
            let delays = [node.delay_millis, work::delay_millis(span)];
            node.delay_millis = delays.into_iter().flatten().min();
        }
    }

    fn enter_node(&mut self, key: &NodeKey, kind: NodeKind) -> Option<u32> {
        if let Some(&index) = self.node_indices.get(key) {
            let node = &mut self.nodes[index as usize];
            node.kind = node.kind.min(kind);
            return Some(index);
        }
        if self.nodes.len() == bounds::NODES {
            return None;
        }
        let index = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.push(NodeDigest {
            key: key.clone(),
            kind,
            is_root: false,
            delay_millis: None,
            requests: Vec::new(),
        });
        self.node_indices.insert(key.clone(), index);
        Some(index)
    }

    fn enter_edge(
        &mut self,
        (source, target, kind): (u32, u32, EdgeKind),
        alias: Option<Alias>,
        mut request: Request,
        exceptions: Vec<ExceptionDigest>,
    ) {
        if self.edge_requests == bounds::REQUESTS {
            return;
        }
        let index = match self.edge_indices.get(&(source, target, kind)) {
            Some(&index) => index,
            None if self.edges.len() == bounds::EDGES => return,
            None => {
                self.edges.push(EdgeDigest {
                    source,
                    target,
                    kind,
                    aliases: Vec::new(),
                    requests: Vec::new(),
                });
                self.edge_indices.insert((source, target, kind), self.edges.len() - 1);
                self.edges.len() - 1
            }
        };
        self.edge_requests += 1;
        request.exceptions = keep_exceptions(&mut self.edge_exceptions_left, exceptions);
        let edge = &mut self.edges[index];
        edge.requests.push(request);
        if let Some(alias) = alias
            && self.aliases_left > 0
            && edge.aliases.len() < bounds::ALIASES_OF_EDGE
            && !edge.aliases.contains(&alias)
        {
            self.aliases_left -= 1;
            edge.aliases.push(alias);
        }
    }
}

fn keep_exceptions(left: &mut usize, exceptions: Vec<ExceptionDigest>) -> Vec<ExceptionDigest> {
    if exceptions.is_empty() || *left == 0 {
        return Vec::new();
    }
    *left -= 1;
    exceptions
}

/// A request as `span` tells it; its duration and exceptions are for others to say.
fn request(span: &Span<'_>, decided: Timestamp) -> Request {
    Request {
        minute: decided.minute(),
        flags: span.entity.flags,
        response_time: span.entity.length(),
        duration: None,
        own: None,
        operation: None,
        exceptions: Vec::new(),
    }
}

/// The name by which the caller knows a callee that calls itself something else.
fn alias(caller: &Span<'_>, callee: &Span<'_>) -> Option<Alias> {
    let is_alias =
        is_call(caller) && !callee.node_kind.is_inferred() && caller.entity.name != callee.node.name;
    let (called, _) = called_node(&caller.entity).filter(|_| is_alias)?;
    Some(Alias { name: bounds::text(&caller.entity.name), kind: called.kind })
}

/// For each segment, from the earliest start to the latest end of it and its subsegments: work that goes on
/// after the response counts here.
fn envelopes(trace: &Trace<'_>) -> Vec<Micros> {
    let mut starts = vec![Timestamp::MAX; trace.spans.len()];
    let mut ends = vec![Timestamp::MIN; trace.spans.len()];
    for span in &trace.spans {
        starts[span.segment] = starts[span.segment].min(span.entity.start);
        ends[span.segment] = ends[span.segment].max(span.entity.end.unwrap_or(Timestamp::MIN));
    }
    starts.into_iter().zip(ends).map(|(start, end)| start.until(end)).collect()
}
