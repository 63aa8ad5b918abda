//! Documents out of records: nested where they fit, split where they do not, trimmed at last.

use std::collections::HashMap;

use crate::cell::Batch;
use crate::document::{self, Facts, MAX_AROUND_BYTES, Parts, Role, Trim};
use crate::emit::{Document, Emit, EmitOutcome, FRAME};
use crate::record::Record;
use crate::stats::Counters;

/// X-Ray takes 64 KB, and a datagram 65,507 bytes: the frame's line is in it too.
const MAX_DATAGRAM_BYTES: usize = 64_000;
/// No network is smaller; what does not fit here is lost.
const MIN_DATAGRAM_BYTES: usize = 1_200;
/// How deep subsegments nest in a document. Each takes two levels of JSON, and readers give up at 127.
const MAX_DEPTH: u32 = 50;

/// Writes and sends. Its buffers are used again.
#[derive(Debug)]
pub(crate) struct Sender {
    /// The largest datagram that goes through, as far as is known.
    limit: usize,
    parts: Vec<u8>,
    datagram: Vec<u8>,
}

/// A record of a batch, and how it is to be sent.
#[derive(Debug, Default, Clone)]
struct Node {
    parts: Parts,
    /// With what is nested in it.
    bytes: usize,
    /// Levels below it, itself included.
    height: u32,
    children: Vec<usize>,
    is_nested: bool,
    is_done: bool,
}

impl Default for Sender {
    fn default() -> Self {
        Self { limit: MAX_DATAGRAM_BYTES, parts: Vec::new(), datagram: Vec::new() }
    }
}

impl Sender {
    pub(crate) fn send(&mut self, batch: &Batch, facts: &Facts, emitter: &dyn Emit, counters: &Counters) {
        self.parts.clear();
        let mut nodes: Vec<Node> = batch.records.iter().map(|_| Node::default()).collect();
        self.write_parts(batch, facts, &mut nodes, counters);
        loop {
            let order = plan(&batch.records, &mut nodes, self.limit);
            if self.send_planned(batch, &mut nodes, &order, emitter, counters) {
                return;
            }
            // A smaller limit was learnt: the rest is planned, and trimmed, anew.
            self.limit = (self.limit / 2).max(MIN_DATAGRAM_BYTES);
            self.write_parts(batch, facts, &mut nodes, counters);
        }
    }

    fn write_parts(&mut self, batch: &Batch, facts: &Facts, nodes: &mut [Node], counters: &Counters) {
        self.parts.clear();
        let last = batch.records.len() - 1;
        for (index, (record, node)) in batch.records.iter().zip(nodes).enumerate() {
            let segment = (batch.has_segment && index == last).then_some((&*batch.trunk, facts));
            let room = self.limit - FRAME.len() - MAX_AROUND_BYTES;
            for trim in trims(record) {
                let start = self.parts.len();
                node.parts = document::parts(
                    &mut self.parts,
                    record,
                    batch.trunk.anchor,
                    segment,
                    &facts.directory,
                    trim,
                );
                if node.parts.end - start <= room || trim == Trim::All {
                    break;
                }
                self.parts.truncate(start);
                if trim == Trim::Nothing {
                    counters.trimmed.one();
                }
            }
        }
    }

    /// `false` if a datagram did not go through and a smaller limit may help.
    fn send_planned(
        &mut self,
        batch: &Batch,
        nodes: &mut [Node],
        order: &[usize],
        emitter: &dyn Emit,
        counters: &Counters,
    ) -> bool {
        // Children first, as the SDKs send them.
        for &top in order.iter().rev() {
            if nodes[top].is_nested || nodes[top].is_done {
                continue;
            }
            let sent = self.write_document(batch, nodes, top);
            let record = &batch.records[top];
            let outcome = if self.datagram.len() > self.limit {
                EmitOutcome::TooLarge
            } else {
                emitter.emit(Document::new(&self.datagram))
            };
            match outcome {
                EmitOutcome::Sent => {
                    counters.sent.one();
                    counters.sent_bytes.add(self.datagram.len());
                }
                EmitOutcome::Refused => counters.refused.one(),
                EmitOutcome::Failed => counters.failed.one(),
                EmitOutcome::TooLarge
                    if self.limit > MIN_DATAGRAM_BYTES && self.datagram.len() <= self.limit =>
                {
                    log::warn!(target: "fluoro_sdk", "a datagram of {} bytes ({:?}, {}@{}) is too large here: smaller ones from now on",
                        self.datagram.len(), record.name, batch.trunk.trace_id, record.id);
                    return false;
                }
                EmitOutcome::TooLarge => {
                    counters.too_large.add(sent.len());
                    log::warn!(target: "fluoro_sdk", "dropped {:?} ({}@{}): {} bytes, of which nothing more can be left out",
                        record.name, batch.trunk.trace_id, record.id, self.datagram.len());
                }
            }
            for index in sent {
                nodes[index].is_done = true;
            }
        }
        true
    }

    /// One document, without recursion; gives the records in it.
    fn write_document(&mut self, batch: &Batch, nodes: &[Node], top: usize) -> Vec<usize> {
        let Self { parts, datagram: out, .. } = self;
        out.clear();
        out.extend(FRAME);
        let is_segment = batch.has_segment && top == batch.records.len() - 1;
        let begin = |out: &mut Vec<u8>, index: usize, role: Role| {
            let (record, node) = (&batch.records[index], &nodes[index]);
            document::open(out, record, &batch.trunk, role);
            out.extend(&parts[node.parts.start..node.parts.middle]);
            document::middle(out, record, role);
            out.extend(&parts[node.parts.middle..node.parts.end]);
        };
        begin(out, top, if is_segment { Role::Segment } else { Role::Independent });
        let mut written = vec![top];
        // Each with the place of its next child, and whether its array is open.
        let mut path = vec![(top, 0, false)];
        while let Some((index, next, is_open)) = path.last_mut() {
            match nodes[*index].children.get(*next) {
                Some(&child) => {
                    *next += 1;
                    if nodes[child].is_done || !nodes[child].is_nested {
                        continue;
                    }
                    out.extend(if *is_open { &b","[..] } else { &b",\"subsegments\":["[..] });
                    *is_open = true;
                    begin(out, child, Role::Nested);
                    written.push(child);
                    path.push((child, 0, false));
                }
                None => {
                    out.extend(if *is_open { &b"]}"[..] } else { &b"}"[..] });
                    path.pop();
                }
            }
        }
        written
    }
}

/// What is left out, step by step, of a record that is too large.
fn trims(record: &Record) -> Vec<Trim> {
    let mut trims = vec![Trim::Nothing];
    if let Some(extra) = &record.state.extra {
        // The largest first: each step leaves out the values of one size and above.
        let mut sizes: Vec<usize> = extra.metadata.iter().map(|metadata| metadata.json.len()).collect();
        sizes.sort_unstable_by(|one, other| other.cmp(one));
        sizes.dedup();
        // Sixteen steps, and then all the rest at once: a step writes the record again.
        trims.extend(
            sizes.into_iter().filter(|&size| size > 32).take(16).map(|size| Trim::Metadata(size - 1)),
        );
        trims.push(Trim::All);
    }
    trims
}

/// Decides which record is nested in its parent's document. Gives the records with parents before children.
fn plan(records: &[Record], nodes: &mut [Node], limit: usize) -> Vec<usize> {
    let places: HashMap<_, _> =
        records.iter().enumerate().map(|(index, record)| (record.id, index)).collect();
    for node in nodes.iter_mut() {
        node.children.clear();
        node.is_nested = false;
    }
    let mut order: Vec<usize> = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        let parent = record.parent.and_then(|parent| places.get(&parent)).filter(|&&parent| parent != index);
        match parent.filter(|&&parent| !nodes[index].is_done && !nodes[parent].is_done) {
            Some(&parent) => {
                nodes[parent].children.push(index);
                nodes[index].is_nested = true;
            }
            None => order.push(index),
        }
    }
    let mut next = 0;
    while next < order.len() {
        let children = nodes[order[next]].children.clone();
        order.extend(children);
        next += 1;
    }
    let room = limit - FRAME.len();
    for &index in order.iter().rev() {
        let mut children = nodes[index].children.clone();
        let own = nodes[index].parts.end - nodes[index].parts.start + MAX_AROUND_BYTES;
        let mut bytes = own + children.iter().map(|&child| nodes[child].bytes).sum::<usize>();
        // The largest leave first, so that few do.
        children.sort_unstable_by_key(|&child| std::cmp::Reverse(nodes[child].bytes));
        for &child in &children {
            if bytes > room || nodes[child].height >= MAX_DEPTH {
                nodes[child].is_nested = false;
                bytes -= nodes[child].bytes;
            }
        }
        let nested = children.iter().filter(|&&child| nodes[child].is_nested);
        nodes[index].height = 1 + nested.map(|&child| nodes[child].height).max().unwrap_or(0);
        nodes[index].bytes = bytes;
    }
    order
}
