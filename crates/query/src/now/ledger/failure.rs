//! The failing traces that a ledger holds, by the node where they began.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use model::digest::{ExceptionDigest, FaultOrigin};
use model::{NodeKind, Timestamp, TraceDigest, TraceId};

use super::affected::affected;
use super::{FAILURES_OF_ORIGIN, Ledger, Place, second};
use crate::now::bins::Bins;
use crate::now::name::Id;

/// The failing traces of one origin.
#[derive(Debug, Default)]
pub(in crate::now) struct Failures {
    /// By time of receipt.
    pub(in crate::now) bins: Bins,
    /// Of these, those whose client saw it.
    pub(in crate::now) seen: Bins,
    /// The newest ones, by time of receipt.
    pub(in crate::now) newest: VecDeque<Failure>,
    /// The newest message of each exception.
    pub(in crate::now) messages: HashMap<Id, String>,
}

#[derive(Debug, Clone)]
pub(in crate::now) struct Failure {
    pub(in crate::now) trace: TraceId,
    pub(in crate::now) received: Timestamp,
    /// When it failed, by the clock of the witness.
    pub(in crate::now) at: Timestamp,
    /// When the trace began at the earliest, by the clock of the receiver.
    pub(in crate::now) earliest: Timestamp,
    pub(in crate::now) witness: Id,
    /// The client saw it.
    pub(in crate::now) is_seen: bool,
    /// It does not come and go by itself: a call whose exception says that nobody listens there, that there is no such
    /// host, or that it cannot be trusted any more; or a version failed that had not been there minutes before.
    pub(in crate::now) is_telling: bool,
    pub(in crate::now) users: Box<[u64]>,
    pub(in crate::now) entry: Option<Id>,
    pub(in crate::now) exception: Option<Id>,
    pub(in crate::now) affected: Box<[Id]>,
    /// Keys of the groups that the trace belongs to, without the default one.
    pub(in crate::now) groups: Box<[Id]>,
}

impl Ledger {
    pub(super) fn add_failure(
        &mut self,
        digest: &TraceDigest,
        origin: &FaultOrigin,
        ids: &[Id],
        operations: &[Id],
    ) {
        let place = self.place_of(digest, origin, operations);
        let entry = digest.endpoint().map(|entry| self.texts.id(entry.as_str()));
        let exception = origin.exception.as_ref();
        let name = exception.and_then(|exception| exception.name.as_deref());
        let exception_id = name.map(|name| self.texts.id(name));
        let affected = affected(digest, &origin.node);
        let length = digest.duration().unwrap_or_default();
        let failure = Failure {
            trace: digest.id,
            received: digest.last_received,
            at: origin.at,
            earliest: digest.first_received.minus(length),
            witness: self.nodes.id(&origin.witness),
            is_seen: is_seen(digest),
            is_telling: origin.node_kind.is_inferred() && exception.is_some_and(is_unreachable)
                || self.has_new_version(digest, origin),
            users: digest.users.iter().map(|user| hash(user)).collect(),
            entry,
            exception: exception_id,
            affected: affected.iter().map(|&place| ids[place as usize]).collect(),
            groups: digest.groups.iter().map(|(key, _)| self.texts.id(key.as_str())).collect(),
        };
        let at = second(digest.last_received);
        let failures = self.failures.entry(place).or_default();
        failures.bins.add(at, 1);
        if failure.is_seen {
            failures.seen.add(at, 1);
        }
        if let (Some(id), Some(message)) = (exception_id, exception.and_then(|one| one.message.as_ref())) {
            failures.messages.insert(id, message.clone());
        }
        let behind = failures
            .newest
            .partition_point(|other| (other.received, other.trace) <= (failure.received, failure.trace));
        failures.newest.insert(behind, failure);
        self.failures_held += 1;
        if failures.newest.len() > FAILURES_OF_ORIGIN {
            failures.newest.pop_front();
            self.failures_held -= 1;
        }
    }

    fn has_new_version(&self, digest: &TraceDigest, origin: &FaultOrigin) -> bool {
        let of_origin = |&&(node, _): &&(u32, String)| {
            digest.nodes.get(node as usize).is_some_and(|node| node.key == origin.node)
        };
        let mut versions = digest.versions.iter().filter(of_origin);
        versions.any(|(_, version)| self.versions.is_new(&origin.node, version, digest.start))
    }

    pub(super) fn take_failure(&mut self, digest: &TraceDigest, origin: &FaultOrigin, operations: &[Id]) {
        let place = self.place_of(digest, origin, operations);
        let Some(failures) = self.failures.get_mut(&place) else { return };
        let at = second(digest.last_received);
        failures.bins.add(at, -1);
        if is_seen(digest) {
            failures.seen.add(at, -1);
        }
        let held = failures.newest.iter().rposition(|failure| failure.trace == digest.id);
        if let Some(held) = held {
            failures.newest.remove(held);
            self.failures_held -= 1;
        }
    }

    fn place_of(&mut self, digest: &TraceDigest, origin: &FaultOrigin, operations: &[Id]) -> Place {
        let operation = match origin.node_kind {
            NodeKind::Remote => failing_operation(digest, origin),
            _ => None,
        };
        let operation = operation.and_then(|place| operations.get(place as usize).copied());
        (self.nodes.id(&origin.node), operation)
    }
}

/// What runtimes say of a port where nobody listens, of a name that does not exist, of a database that goes down, and of a
/// certificate that is no longer good; by name or message, in lower case.
const UNREACHABLE: [&str; 12] = [
    "refused",
    "enotfound",
    "unknownhost",
    "no such host",
    "name or service not known",
    "nodename nor servname",
    "certificate",
    "sslhandshake",
    "cert_has_expired",
    "certpath",
    "the database system is shutting down",
    "terminating connection due to administrator",
];

fn is_unreachable(exception: &ExceptionDigest) -> bool {
    [&exception.name, &exception.message].into_iter().flatten().any(|text| {
        let text = text.to_lowercase();
        UNREACHABLE.iter().any(|known| text.contains(known))
    })
}

/// A client that was told to come again later saw it as well.
fn is_seen(digest: &TraceDigest) -> bool {
    digest.flags().fault || digest.flags().throttle
}

/// What was asked of the origin where it failed, by its place among the digest's operations.
pub(super) fn failing_operation(digest: &TraceDigest, origin: &FaultOrigin) -> Option<u32> {
    let node = digest.nodes.iter().find(|node| node.key == origin.node)?;
    let failed = node.requests.iter().find(|request| request.flags.any());
    failed.or(node.requests.first())?.operation
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
