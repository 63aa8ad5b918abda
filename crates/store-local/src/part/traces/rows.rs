//! Digests on their way into a batch, column by column.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, FixedSizeBinaryBuilder, Int64Builder, ListBuilder, StringBuilder,
    TimestampMicrosecondBuilder, UInt32Builder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use model::TraceDigest;
use model::property::{CauseKind, Failure};
use row::codec::encode_digest;

use crate::part::annotations;
use crate::part::schema;
use crate::part::write::{self, append_time};

type Texts = ListBuilder<StringBuilder>;

pub(super) struct Rows {
    trace_id: FixedSizeBinaryBuilder,
    revision: UInt32Builder,
    start: TimestampMicrosecondBuilder,
    end: TimestampMicrosecondBuilder,
    last_received: TimestampMicrosecondBuilder,
    response_time: UInt64Builder,
    self_time: UInt64Builder,
    error: BooleanBuilder,
    throttle: BooleanBuilder,
    fault: BooleanBuilder,
    partial: BooleanBuilder,
    http_method: StringBuilder,
    http_url: StringBuilder,
    http_status: Int64Builder,
    services: Texts,
    failing: [Texts; 3],
    causes: [Texts; 3],
    users: Texts,
    annotations: BinaryBuilder,
    digest: BinaryBuilder,
    replacing: BooleanBuilder,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            trace_id: FixedSizeBinaryBuilder::new(16),
            revision: UInt32Builder::new(),
            start: write::times(),
            end: write::times(),
            last_received: write::times(),
            response_time: UInt64Builder::new(),
            self_time: UInt64Builder::new(),
            error: BooleanBuilder::new(),
            throttle: BooleanBuilder::new(),
            fault: BooleanBuilder::new(),
            partial: BooleanBuilder::new(),
            http_method: StringBuilder::new(),
            http_url: StringBuilder::new(),
            http_status: Int64Builder::new(),
            services: write::texts(),
            failing: std::array::from_fn(|_| write::texts()),
            causes: std::array::from_fn(|_| write::texts()),
            users: write::texts(),
            annotations: BinaryBuilder::new(),
            digest: BinaryBuilder::new(),
            replacing: BooleanBuilder::new(),
        }
    }
}

impl Rows {
    pub(super) fn add(&mut self, digest: &TraceDigest, replacing: bool) {
        self.trace_id.append_value(digest.id.0).expect("a trace id has 16 bytes");
        self.revision.append_value(digest.revision);
        append_time(&mut self.start, Some(digest.start));
        append_time(&mut self.end, digest.end);
        append_time(&mut self.last_received, Some(digest.last_received));
        let root = digest.root.as_ref();
        self.response_time.append_option(digest.response_time().map(|time| time.0));
        self.self_time.append_option(digest.self_time().map(|time| time.0));
        self.error.append_option(root.map(|root| root.flags.error));
        // The trace's flag: a search may mean either.
        self.throttle.append_option(root.map(|root| root.flags.throttle || digest.has_throttle));
        self.fault.append_option(root.map(|root| root.flags.fault));
        self.partial.append_value(digest.is_partial);
        self.http_method.append_option(root.and_then(|root| root.http.method.as_deref()));
        self.http_url.append_option(root.and_then(|root| root.http.url.as_deref()));
        self.http_status.append_option(root.and_then(|root| root.http.status));
        append_texts(&mut self.services, service_names(digest));
        for (texts, failure) in self.failing.iter_mut().zip(Failure::ALL) {
            append_texts(texts, failure.names(digest));
        }
        for (texts, cause) in self.causes.iter_mut().zip(CauseKind::ALL) {
            append_texts(texts, cause.services(digest).collect::<BTreeSet<_>>());
        }
        append_texts(&mut self.users, digest.users.iter().map(String::as_str));
        self.annotations.append_value(annotations::encode(digest));
        self.digest.append_value(encode_digest(digest));
        self.replacing.append_value(replacing);
    }

    /// In the order of the schema.
    pub(super) fn finish(mut self) -> io::Result<RecordBatch> {
        let [error_services, throttle_services, fault_services] = &mut self.failing;
        let [fault_causes, error_causes, response_time_causes] = &mut self.causes;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.trace_id.finish()),
            Arc::new(self.revision.finish()),
            Arc::new(self.start.finish()),
            Arc::new(self.end.finish()),
            Arc::new(self.last_received.finish()),
            Arc::new(self.response_time.finish()),
            Arc::new(self.self_time.finish()),
            Arc::new(self.error.finish()),
            Arc::new(self.throttle.finish()),
            Arc::new(self.fault.finish()),
            Arc::new(self.partial.finish()),
            Arc::new(self.http_method.finish()),
            Arc::new(self.http_url.finish()),
            Arc::new(self.http_status.finish()),
            Arc::new(self.services.finish()),
            Arc::new(error_services.finish()),
            Arc::new(throttle_services.finish()),
            Arc::new(fault_services.finish()),
            Arc::new(fault_causes.finish()),
            Arc::new(error_causes.finish()),
            Arc::new(response_time_causes.finish()),
            Arc::new(self.users.finish()),
            Arc::new(self.digest.finish()),
            Arc::new(self.replacing.finish()),
            Arc::new(self.annotations.finish()),
        ];
        RecordBatch::try_new(schema::annotated_traces(), columns).map_err(io::Error::other)
    }
}

fn append_texts<'a>(list: &mut Texts, texts: impl IntoIterator<Item = &'a str>) {
    for text in texts {
        list.values().append_value(text);
    }
    list.append(true);
}

/// The names of all nodes, and the aliases by which they were called.
fn service_names(digest: &TraceDigest) -> BTreeSet<&str> {
    let nodes = digest.nodes.iter().map(|node| node.key.name.as_str());
    let aliases = digest.edges.iter().flat_map(|edge| &edge.aliases).map(|alias| alias.name.as_str());
    nodes.chain(aliases).collect()
}
