//! The nodes and edges that a trace touches, with its requests to each (spec 5.2, 5.3, 5.5).

use std::collections::HashMap;

use model::digest::{EdgeDigest, ExceptionDigest, NodeDigest, Request};
use model::minute::{Alias, EdgeKind};
use model::trace::{Span, SpanIndex};
use model::{EntityId, Micros, NodeKey, NodeKind, Timestamp, Trace};

use super::bounds;
use super::exceptions::{Exceptions, is_call};
use crate::assemble::called_node;

#[derive(Default)]
pub(super) struct Touched {
    pub(super) nodes: Vec<NodeDigest>,
    pub(super) edges: Vec<EdgeDigest>,
    node_indices: HashMap<NodeKey, u32>,
    edge_indices: HashMap<(u32, u32, EdgeKind), usize>,
    node_requests: usize,
    edge_requests: usize,
    /// What is left of the requests that keep their exceptions, for nodes and for edges.
    exceptions_left: [usize; 2],
}

impl Touched {
    pub(super) fn by(trace: &Trace<'_>, exceptions: &Exceptions<'_>) -> Self {
        let mut touched = Self { exceptions_left: [bounds::REQUESTS_WITH_EXCEPTIONS; 2], ..Self::default() };
        let mut charged = exceptions.by_request();
        // First of all, so that the root's node is there whatever is cut.
        if let Some(root) = trace.root() {
            touched.enter_client(&trace.spans[root]);
        }
        touched.enter_roots(trace);
        touched.enter_calls(trace, &mut charged);
        touched.enter_links(trace);
        touched.enter_segments(trace, &mut charged);
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
                let request = Request { duration: None, ..request(root, root.received) };
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
    fn enter_calls(&mut self, trace: &Trace<'_>, charged: &mut [Vec<ExceptionDigest>]) {
        for (index, caller) in trace.spans.iter().enumerate() {
            let mut served: HashMap<&NodeKey, (SpanIndex, Timestamp)> = HashMap::new();
            let mut order = Vec::new();
            for &callee in &caller.callees {
                let callee_span = &trace.spans[callee];
                let decided = caller.received.max(callee_span.received);
                if caller.is_segment() {
                    order.push((callee, decided));
                    continue;
                }
                match served.get_mut(&callee_span.node) {
                    Some((_, earliest)) => *earliest = decided.min(*earliest),
                    None => {
                        served.insert(&callee_span.node, (callee, decided));
                        order.push((callee, decided));
                    }
                }
            }
            for (callee, decided) in order {
                let callee = &trace.spans[callee];
                let decided = served.get(&callee.node).map_or(decided, |&(_, earliest)| earliest);
                self.enter_call(caller, callee, decided, &charged[index]);
            }
        }
    }

    fn enter_call(
        &mut self,
        caller: &Span<'_>,
        callee: &Span<'_>,
        decided: Timestamp,
        exceptions: &[ExceptionDigest],
    ) {
        let Some(source) = self.enter_node(&caller.node, caller.node_kind) else { return };
        let Some(target) = self.enter_node(&callee.node, callee.node_kind) else { return };
        // A segment that names another segment as its parent: nobody recorded the call itself.
        let (seen, exceptions) =
            if caller.is_segment() { (callee, Vec::new()) } else { (caller, exceptions.to_vec()) };
        let request = Request { duration: None, ..request(seen, decided) };
        self.enter_edge((source, target, EdgeKind::Call), alias(caller, callee), request, exceptions);
    }

    /// Links to entities of this trace; what other traces hold is not known here.
    fn enter_links(&mut self, trace: &Trace<'_>) {
        let mut span_of: HashMap<EntityId, SpanIndex> = HashMap::new();
        for &segment in &trace.segments {
            let target = &trace.spans[segment];
            for link in target.entity.links.iter().filter(|link| link.trace_id == trace.id) {
                if span_of.is_empty() {
                    span_of
                        .extend(trace.spans.iter().enumerate().map(|(index, span)| (span.entity.id, index)));
                }
                let Some(source) = link.id.and_then(|id| span_of.get(&id)) else { continue };
                let source = &trace.spans[*source];
                let nodes = (
                    self.enter_node(&source.node, source.node_kind),
                    self.enter_node(&target.node, target.node_kind),
                );
                if let (Some(source), Some(target)) = nodes {
                    let decided = trace.spans[segment].received;
                    let request = Request {
                        response_time: None,
                        duration: None,
                        ..request(&trace.spans[segment], decided)
                    };
                    self.enter_edge((source, target, EdgeKind::Link), None, request, Vec::new());
                }
            }
        }
    }

    fn enter_segments(&mut self, trace: &Trace<'_>, charged: &mut [Vec<ExceptionDigest>]) {
        let envelopes = envelopes(trace);
        for &segment in &trace.segments {
            let span = &trace.spans[segment];
            let Some(node) = self.enter_node(&span.node, span.node_kind) else { continue };
            if self.node_requests == bounds::REQUESTS {
                continue;
            }
            self.node_requests += 1;
            let mut request = request(span, span.received);
            request.duration = span.entity.end.map(|_| envelopes[segment]);
            request.exceptions = self.keep_exceptions(0, std::mem::take(&mut charged[segment]));
            self.nodes[node as usize].requests.push(request);
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
        self.nodes.push(NodeDigest { key: key.clone(), kind, is_root: false, requests: Vec::new() });
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
        request.exceptions = self.keep_exceptions(1, exceptions);
        let edge = &mut self.edges[index];
        edge.requests.push(request);
        if let Some(alias) = alias
            && edge.aliases.len() < bounds::ALIASES
            && !edge.aliases.contains(&alias)
        {
            edge.aliases.push(alias);
        }
    }

    fn keep_exceptions(&mut self, of: usize, exceptions: Vec<ExceptionDigest>) -> Vec<ExceptionDigest> {
        if exceptions.is_empty() || self.exceptions_left[of] == 0 {
            return Vec::new();
        }
        self.exceptions_left[of] -= 1;
        exceptions
    }
}

/// A request as `span` tells it; its duration and exceptions are for others to say.
fn request(span: &Span<'_>, decided: Timestamp) -> Request {
    Request {
        minute: decided.minute(),
        flags: span.entity.flags,
        response_time: span.entity.length(),
        duration: None,
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
