//! Rows of `minutes` on their way into a batch, column by column.

use std::io;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use model::NodeKey;
use model::minute::{EdgeKind, MinuteKey, Stats, Subject};
use row::codec::encode_stats;

use crate::part::schema;

#[derive(Default)]
pub(super) struct Rows {
    pub(super) count: usize,
    minute: Int64Builder,
    group: StringBuilder,
    node: StringBuilder,
    node_kind: StringBuilder,
    node_account: StringBuilder,
    target: StringBuilder,
    target_kind: StringBuilder,
    target_account: StringBuilder,
    link: BooleanBuilder,
    ok: Int64Builder,
    error: Int64Builder,
    throttle: Int64Builder,
    fault: Int64Builder,
    response_time_total: Int64Builder,
    stats: BinaryBuilder,
}

impl Rows {
    pub(super) fn add(&mut self, key: &MinuteKey, stats: &Stats) {
        let (node, target, link): (&NodeKey, Option<&NodeKey>, bool) = match &key.subject {
            Subject::Node(node) => (node, None, false),
            Subject::Edge { source, target, kind } => (source, Some(target), *kind == EdgeKind::Link),
        };
        self.count += 1;
        self.minute.append_value(key.minute.0);
        self.group.append_value(&key.group);
        self.node.append_value(&node.name);
        self.node_kind.append_option(node.kind.as_deref());
        self.node_account.append_option(node.account.as_deref());
        self.target.append_option(target.map(|target| target.name.as_str()));
        self.target_kind.append_option(target.and_then(|target| target.kind.as_deref()));
        self.target_account.append_option(target.and_then(|target| target.account.as_deref()));
        self.link.append_value(link);
        self.ok.append_value(stats.counts.ok);
        self.error.append_value(stats.counts.error);
        self.throttle.append_value(stats.counts.throttle);
        self.fault.append_value(stats.counts.fault);
        self.response_time_total.append_value(stats.response_time_total);
        self.stats.append_value(encode_stats(key.minute, stats));
    }

    /// In the order of the schema.
    pub(super) fn finish(mut self) -> io::Result<RecordBatch> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.minute.finish()),
            Arc::new(self.group.finish()),
            Arc::new(self.node.finish()),
            Arc::new(self.node_kind.finish()),
            Arc::new(self.node_account.finish()),
            Arc::new(self.target.finish()),
            Arc::new(self.target_kind.finish()),
            Arc::new(self.target_account.finish()),
            Arc::new(self.link.finish()),
            Arc::new(self.ok.finish()),
            Arc::new(self.error.finish()),
            Arc::new(self.throttle.finish()),
            Arc::new(self.fault.finish()),
            Arc::new(self.response_time_total.finish()),
            Arc::new(self.stats.finish()),
        ];
        RecordBatch::try_new(schema::minutes(), columns).map_err(io::Error::other)
    }
}
