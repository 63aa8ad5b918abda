//! Random traces, most of them with something wrong, as documents in a random order of receipt.

use model::segment::DocumentKind;
use model::{Entity, EntityId};
use proptest::prelude::*;

use super::{Build, Documents, entity};

/// One document on its way: what it is, and how long after the one before it is received.
pub(crate) type Sent = (DocumentKind, Entity, f64);

/// One entity of a random trace. Its id is its place, from 1.
#[derive(Debug, Clone)]
struct Draft {
    /// Place of the parent among all; out of range is a parent that never comes.
    parent: usize,
    role: Role,
    start: u8,
    length: u8,
    fault: bool,
    error: bool,
    has_exception: bool,
    refers: Option<u64>,
    /// It is announced while it is open, and it is never finished.
    announced: bool,
    unfinished: bool,
    gap: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Root,
    Segment,
    Local,
    Remote,
    Aws,
    /// Nested in the document of its parent, if that stands before it.
    Embedded,
}

/// The documents of a random trace, in a random order.
pub(crate) fn documents(most: usize) -> impl Strategy<Value = Vec<Sent>> {
    prop::collection::vec(draft(most), 1..most).prop_map(|drafts| sent(&drafts)).prop_shuffle()
}

/// Receives the documents in the order given.
pub(crate) fn received(sent: &[Sent]) -> Documents {
    let mut now = 0.0;
    sent.iter().fold(Documents::default(), |documents, (kind, entity, gap)| {
        now += gap;
        documents.document(now, *kind, entity.clone())
    })
}

fn draft(most: usize) -> impl Strategy<Value = Draft> {
    let role = prop_oneof![
        1 => Just(Role::Root),
        3 => Just(Role::Segment),
        2 => Just(Role::Local),
        3 => Just(Role::Remote),
        1 => Just(Role::Aws),
        3 => Just(Role::Embedded),
    ];
    let says = (any::<bool>(), any::<bool>(), any::<bool>(), prop::option::weighted(0.2, 1..most as u64 * 2));
    let course = (prop::bool::weighted(0.3), prop::bool::weighted(0.1), 0..120_u8);
    (0..most, role, 0..50_u8, 0..50_u8, says, course).prop_map(
        |(
            parent,
            role,
            start,
            length,
            (fault, error, has_exception, refers),
            (announced, unfinished, gap),
        )| {
            Draft {
                parent,
                role,
                start,
                length,
                fault,
                error,
                has_exception,
                refers,
                announced,
                unfinished,
                gap,
            }
        },
    )
}

fn sent(drafts: &[Draft]) -> Vec<Sent> {
    let mut all = Vec::new();
    for (place, draft) in drafts.iter().enumerate() {
        let kind = match draft.role {
            Role::Root | Role::Segment => DocumentKind::Segment,
            Role::Embedded if draft.parent < place => continue,
            _ => DocumentKind::Subsegment,
        };
        let whole = with_embedded(drafts, place);
        if draft.announced || draft.unfinished {
            let mut open = whole.clone().open();
            open.subsegments.clear();
            all.push((kind, open, f64::from(draft.gap)));
        }
        if !draft.unfinished {
            all.push((kind, whole, f64::from(draft.gap) / 2.0));
        }
    }
    all
}

/// Embedded entities stand behind their parent, so this ends.
fn with_embedded(drafts: &[Draft], place: usize) -> Entity {
    let mut entity = single(&drafts[place], place);
    for (child, draft) in drafts.iter().enumerate().skip(place + 1) {
        if draft.role == Role::Embedded && draft.parent == place {
            let mut embedded = with_embedded(drafts, child);
            embedded.parent_id = None;
            entity.subsegments.push(embedded);
        }
    }
    entity
}

fn single(draft: &Draft, place: usize) -> Entity {
    let start = f64::from(draft.start) / 10.0;
    let id = place as u64 + 1;
    let name = ["red", "green", "blue"][place % 3];
    let mut entity = entity(id, name, start, start + f64::from(draft.length) / 10.0).user(name);
    entity.flags.fault = draft.fault;
    entity.flags.error = draft.error;
    entity.parent_id = (draft.role != Role::Root).then_some(EntityId(draft.parent as u64 + 1));
    entity = match draft.role {
        Role::Remote => entity.remote().traced(),
        Role::Aws => entity.aws("GetItem").edit_aws(|aws| aws.table_name = Some("table".to_owned())),
        _ => entity,
    };
    if draft.has_exception {
        entity = entity.exception(1_000 + id, "Broken", "it broke");
    }
    match draft.refers {
        Some(id) if id % 2 == 0 => entity.refers(1_000 + id / 2),
        Some(id) => entity.refers(id),
        None => entity,
    }
}
