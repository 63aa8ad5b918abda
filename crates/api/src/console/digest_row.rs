//! One trace as a row of a list, from its digest.

use model::segment;
use model::{NodeKey, TraceDigest};
use query::now::Names;

use crate::shape::stats::{millis, millis_at};
use crate::shape::{NodeRole, Outcome, TraceRow};

/// Services of one row; the list shows a few of them.
const MAX_SERVICES: usize = 50;

impl TraceRow {
    /// A host that did not answer has the name of its service, as on the map.
    pub(crate) fn of(digest: &TraceDigest, names: &Names<'_>) -> Self {
        let known = |node: &NodeKey| {
            names.service_of(node).map_or_else(|| node.name.clone(), |service| service.name.clone())
        };
        let http = digest.root.as_ref().map(|root| root.http.clone()).unwrap_or_default();
        let mut services: Vec<String> = Vec::new();
        for node in &digest.nodes {
            let is_client = node.kind == model::NodeKind::Client;
            let name = known(&node.key);
            if !is_client && services.len() < MAX_SERVICES && !services.contains(&name) {
                services.push(name);
            }
        }
        Self {
            id: digest.id.to_string(),
            start: millis_at(digest.start),
            duration: digest.duration().map(millis),
            response_time: digest.response_time().map(millis),
            entry_point: digest.entry_point().map(|node| node.key.name.clone()),
            method: http.method,
            url: http.url,
            status: http.status,
            client_ip: http.client_ip,
            outcome: digest.flags().outcome().into(),
            is_partial: digest.is_partial,
            users: digest.users.clone(),
            origin: names.culprit(digest).map(|node| node.name.clone()),
            exception: digest.origin.as_ref().and_then(|origin| origin.exception.as_ref()?.name.clone()),
            services,
            segments: digest.segments,
            annotations: u32::try_from(digest.annotations.len()).unwrap_or(u32::MAX),
            columns: Vec::new(),
        }
    }
}

impl From<segment::Outcome> for Outcome {
    fn from(outcome: segment::Outcome) -> Self {
        match outcome {
            segment::Outcome::Ok => Self::Ok,
            segment::Outcome::Error => Self::Error,
            segment::Outcome::Throttle => Self::Throttle,
            segment::Outcome::Fault => Self::Fault,
        }
    }
}

impl From<model::NodeKind> for NodeRole {
    fn from(kind: model::NodeKind) -> Self {
        match kind {
            model::NodeKind::Service => Self::Service,
            model::NodeKind::Aws => Self::Aws,
            model::NodeKind::Remote => Self::Remote,
            model::NodeKind::Client => Self::Client,
        }
    }
}
