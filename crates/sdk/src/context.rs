//! What can be current: an entity, or what there is in its place.

use std::sync::Arc;

use model::{EntityId, TraceId};
use wire::TraceHeader;
use wire::header::Sampled;

use crate::cell::Cell;

/// An entity, or what there is in its place.
#[derive(Debug, Clone, Default)]
pub(crate) enum Kind {
    /// Outside of any segment, or of a recorder that is disabled.
    #[default]
    Nothing,
    /// Within a segment that is not recorded.
    Unsampled(Unsampled),
    /// A segment or subsegment that is recorded.
    Sampled(Arc<Cell>),
}

/// What must be passed on of a trace that is not recorded here.
#[derive(Debug, Clone)]
pub(crate) struct Unsampled {
    pub(crate) trace_id: TraceId,
    pub(crate) carried: Option<Arc<Carried>>,
    /// Nobody has decided yet, and whoever is called may.
    pub(crate) is_undecided: bool,
}

/// The pairs of an incoming header that go on to every call.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    pub(crate) lineage: Option<String>,
    pub(crate) extras: Vec<(String, String)>,
}

impl Carried {
    pub(crate) fn of(header: &TraceHeader) -> Option<Arc<Self>> {
        let is_empty = header.lineage.is_none() && header.extras.is_empty();
        let carried = || Self { lineage: header.lineage.clone(), extras: header.extras.clone() };
        (!is_empty).then(|| Arc::new(carried()))
    }
}

impl Kind {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sampled(one), Self::Sampled(other)) => Arc::ptr_eq(one, other),
            (Self::Unsampled(one), Self::Unsampled(other)) => one.trace_id == other.trace_id,
            (Self::Nothing, Self::Nothing) => true,
            _ => false,
        }
    }

    pub(crate) fn trace_id(&self) -> Option<TraceId> {
        match self {
            Self::Nothing => None,
            Self::Unsampled(unsampled) => Some(unsampled.trace_id),
            Self::Sampled(cell) => Some(cell.trunk.trace_id),
        }
    }

    /// The header for a call. Unsampled entities have no ids, so without a parent.
    pub(crate) fn header(&self) -> Option<TraceHeader> {
        match self {
            Self::Nothing => None,
            Self::Unsampled(Unsampled { trace_id, carried, is_undecided }) => {
                let sampled = (!is_undecided).then_some(Sampled::No);
                Some(header(*trace_id, None, sampled, carried.as_ref()))
            }
            Self::Sampled(cell) => {
                let trunk = &cell.trunk;
                Some(recorded_header(trunk.trace_id, cell.id, trunk.carried.as_ref()))
            }
        }
    }
}

/// The header for a call within what is recorded.
pub(crate) fn recorded_header(
    root: TraceId,
    parent: EntityId,
    carried: Option<&Arc<Carried>>,
) -> TraceHeader {
    header(root, Some(parent), Some(Sampled::Yes), carried)
}

fn header(
    root: TraceId,
    parent: Option<EntityId>,
    sampled: Option<Sampled>,
    carried: Option<&Arc<Carried>>,
) -> TraceHeader {
    TraceHeader {
        root: Some(root),
        parent,
        sampled,
        lineage: carried.and_then(|carried| carried.lineage.clone()),
        extras: carried.map(|carried| carried.extras.clone()).unwrap_or_default(),
    }
}
