//! Which messages go to a target now: a pure choice among what waits for it.
//!
//! Messages about one thing keep their order, so only the first of each is a candidate. Several that wait about one thing
//! go as the newest, which says how it stands; what is over before it could be told is one message, or none where an
//! incident would be opened only to be closed. What breaks together is one message for people.

use std::collections::BTreeMap;

use alert::notice::{Kind as NoticeKind, Status};
use model::{Micros, Timestamp};
use settings::alerts::{Delivery, GATHERED_FOR};

use crate::bucket::Bucket;
use crate::notifier::Kind;

/// At most one digest so often.
pub(crate) const DIGEST_EVERY: Micros = Micros::from_secs(60);
/// So many things that begin or end at the same time are one outage, and one message.
const MASS: usize = 4;
/// An incident that is over for so long is not opened any more.
const STALE: Micros = Micros::from_secs(3_600);

/// What a target does with several messages at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// For people: the newest of each thing, and one message for all where there are too many.
    Told,
    /// Each as it is: messages to a topic's subscribers.
    Each,
    /// An incident is opened and closed by messages of their own.
    Incident,
    /// All that waits in one request; what is repeated must not be limited.
    Together,
}

/// What is sent now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pick {
    /// One message: the last of these, which says what those before it would have said.
    One(Vec<Delivery>),
    /// One message that names all of these.
    Digest(Vec<Delivery>),
    /// One request with a message for each.
    Together(Vec<Delivery>),
    /// Nobody needs to hear of these any more.
    Drop(Vec<Delivery>),
    /// Nothing before then.
    Wait(Timestamp),
}

impl Manner {
    pub(crate) fn of(kind: &Kind) -> Self {
        match kind {
            Kind::PagerDuty(_) => Self::Incident,
            Kind::Alertmanager(_) => Self::Together,
            Kind::Topic(_) => Self::Each,
            Kind::Webhook(_)
            | Kind::Slack(_)
            | Kind::Teams(_)
            | Kind::Email(_)
            | Kind::Sns(_)
            | Kind::EventBridge(_) => Self::Told,
        }
    }
}

/// `waiting` is all that waits for the target, in order, and not empty.
pub(crate) fn pick(
    manner: Manner,
    waiting: &[Delivery],
    bucket: &mut Bucket,
    last_digest: Option<Timestamp>,
    now: Timestamp,
) -> Pick {
    let mut chains: BTreeMap<&str, Vec<&Delivery>> = BTreeMap::new();
    for delivery in waiting {
        chains.entry(&delivery.dedup_key).or_default().push(delivery);
    }
    let mut due: Vec<Vec<&Delivery>> = chains.values().filter(|chain| chain[0].due <= now).cloned().collect();
    due.sort_by_key(|chain| chain[0].seq);
    let Some(first) = due.first() else {
        let next = chains.values().map(|chain| chain[0].due).min();
        return Pick::Wait(next.unwrap_or(now));
    };
    let owned = |chain: &[&Delivery]| chain.iter().map(|delivery| (*delivery).clone()).collect::<Vec<_>>();
    if manner == Manner::Together {
        return Pick::Together(due.iter().flat_map(|chain| owned(&chain[..opening(chain)])).collect());
    }
    if manner == Manner::Incident && is_long_over(first, now) {
        return Pick::Drop(owned(first));
    }
    let next_digest = last_digest.map(|last| last.plus(DIGEST_EVERY)).filter(|next| *next > now);
    let of_outage = of_outage(&chains, now);
    let is_mass = manner == Manner::Told && is_of_outage(first) && of_outage.len() >= MASS;
    if let Some(next) = next_digest.filter(|_| manner == Manner::Told && is_of_outage(first)) {
        // What is left of an outage that was told as one.
        return Pick::Wait(next);
    }
    if let Err(next) = bucket.take(now) {
        let may_digest = next_digest.is_none();
        if manner == Manner::Told && due.len() > 1 && may_digest {
            return Pick::Digest(owned(&due.concat()));
        }
        return Pick::Wait(next);
    }
    match manner {
        Manner::Told if is_mass => Pick::Digest(owned(&of_outage.concat())),
        Manner::Told => Pick::One(owned(first)),
        _ => Pick::One(owned(&first[..opening(first)])),
    }
}

/// How many at the beginning of a chain say that an insight goes on: the last of them says what the others would.
fn opening(chain: &[&Delivery]) -> usize {
    let opens = |delivery: &&&Delivery| {
        delivery.notice.kind == NoticeKind::Insight && delivery.notice.status == Status::Firing
    };
    chain.iter().take_while(opens).count().max(1)
}

fn is_of_outage(chain: &[&Delivery]) -> bool {
    matches!(chain[0].notice.kind, NoticeKind::Insight | NoticeKind::Alarm)
}

/// What of insights and alarms is due, and what would be in a moment.
fn of_outage<'d>(chains: &BTreeMap<&str, Vec<&'d Delivery>>, now: Timestamp) -> Vec<Vec<&'d Delivery>> {
    let is_near = |delivery: &Delivery| delivery.tries == 0 && delivery.due <= now.plus(GATHERED_FOR);
    let mut found: Vec<Vec<&Delivery>> = chains
        .values()
        .filter(|chain| is_of_outage(chain) && (chain[0].due <= now || is_near(chain[0])))
        .cloned()
        .collect();
    found.sort_by_key(|chain| chain[0].seq);
    found
}

fn is_long_over(chain: &[&Delivery], now: Timestamp) -> bool {
    let begins = chain[0].notice.status == Status::Firing;
    let ends = chain.last().is_some_and(|last| last.notice.status == Status::Resolved);
    begins && ends && chain[0].created.plus(STALE) <= now
}

#[cfg(test)]
mod tests {
    use alert::Notice;
    use alert::notice::Kind;
    use settings::alerts::DeliveryState;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    fn delivery(seq: i64, key: &str, status: Status) -> Delivery {
        Delivery {
            seq,
            id: seq.to_string(),
            target: "chat".to_owned(),
            dedup_key: key.to_owned(),
            state: DeliveryState::Pending,
            tries: 0,
            due: NOW,
            created: NOW,
            done: None,
            answer: None,
            notice_id: String::new(),
            notice: Notice::new(Kind::Insight, status, key, NOW),
        }
    }

    fn firing(seq: i64, key: &str) -> Delivery {
        delivery(seq, key, Status::Firing)
    }

    fn of_kind(kind: Kind, delivery: Delivery) -> Delivery {
        Delivery { notice: Notice { kind, ..delivery.notice.clone() }, ..delivery }
    }

    fn seqs(pick: &Pick) -> (&'static str, Vec<i64>) {
        let of = |list: &[Delivery]| list.iter().map(|delivery| delivery.seq).collect();
        match pick {
            Pick::One(list) => ("one", of(list)),
            Pick::Digest(list) => ("digest", of(list)),
            Pick::Together(list) => ("together", of(list)),
            Pick::Drop(list) => ("drop", of(list)),
            Pick::Wait(_) => ("wait", Vec::new()),
        }
    }

    fn check(manner: Manner, waiting: &[Delivery], expected: (&'static str, &[i64])) {
        let picked = pick(manner, waiting, &mut Bucket::full(NOW), None, NOW);
        let (what, seqs) = seqs(&picked);
        assert_eq!((what, seqs.as_slice()), expected);
    }

    #[test]
    fn what_is_over_before_it_was_told_is_one_message() {
        let waiting = [firing(1, "a"), firing(2, "b"), delivery(3, "a", Status::Resolved)];
        check(Manner::Told, &waiting, ("one", &[1, 3]));
        check(Manner::Each, &waiting, ("one", &[1]));
        check(Manner::Incident, &waiting, ("one", &[1]));
        check(Manner::Together, &waiting, ("together", &[1, 2]));
    }

    #[test]
    fn a_message_never_overtakes_one_about_the_same_thing() {
        let later = Delivery { due: NOW.plus(Micros(1)), ..firing(1, "a") };
        let over = delivery(2, "a", Status::Resolved);
        check(Manner::Told, &[later.clone(), over.clone()], ("wait", &[]));
        check(Manner::Incident, &[later.clone(), over.clone()], ("wait", &[]));
        check(Manner::Together, &[later.clone(), over.clone(), firing(3, "b")], ("together", &[3]));
        check(Manner::Told, &[later, over, firing(3, "b")], ("one", &[3]));
    }

    #[test]
    fn an_incident_that_is_long_over_is_not_opened() {
        let old = |delivery: Delivery| Delivery { created: NOW.minus(STALE), ..delivery };
        let waiting = [old(firing(1, "a")), delivery(2, "a", Status::Resolved)];
        check(Manner::Incident, &waiting, ("drop", &[1, 2]));
        check(Manner::Incident, &waiting[..1], ("one", &[1]));
    }

    #[test]
    fn what_breaks_together_is_one_message_and_three_are_three() {
        let near = Delivery { due: NOW.plus(GATHERED_FOR), ..firing(4, "d") };
        let later = Delivery { due: NOW.plus(GATHERED_FOR).plus(Micros(1)), ..firing(5, "e") };
        let waiting = [firing(1, "a"), of_kind(Kind::Alarm, firing(2, "b")), firing(3, "c"), near, later];
        check(Manner::Told, &waiting, ("digest", &[1, 2, 3, 4]));
        check(Manner::Told, &waiting[..3], ("one", &[1]));
        check(Manner::Each, &waiting, ("one", &[1]));
        // What is tried again waits for its own time.
        let again = Delivery { tries: 1, ..waiting[3].clone() };
        check(Manner::Told, &[&waiting[..3], &[again]].concat(), ("one", &[1]));
        let picked = pick(Manner::Told, &waiting[..1], &mut Bucket::full(NOW), Some(NOW), NOW);
        assert_eq!(picked, Pick::Wait(NOW.plus(DIGEST_EVERY)));
    }

    #[test]
    fn words_of_a_beginning_are_one_and_the_last_of_them_is_said() {
        let waiting = [firing(1, "a"), firing(2, "a"), delivery(3, "a", Status::Resolved), firing(4, "a")];
        for manner in [Manner::Each, Manner::Incident] {
            check(manner, &waiting, ("one", &[1, 2]));
        }
        check(Manner::Together, &waiting, ("together", &[1, 2]));
        let alarms: Vec<Delivery> = waiting.map(|one| of_kind(Kind::Alarm, one)).into();
        check(Manner::Each, &alarms, ("one", &[1]));
    }

    #[test]
    fn too_many_are_one_digest_a_minute() {
        let waiting: Vec<Delivery> =
            (0..5).map(|seq| of_kind(Kind::Fluoro, firing(seq, &seq.to_string()))).collect();
        let empty = || {
            let mut bucket = Bucket::full(NOW);
            while bucket.take(NOW).is_ok() {}
            bucket
        };
        let picked = pick(Manner::Told, &waiting, &mut empty(), None, NOW);
        assert_eq!(seqs(&picked), ("digest", vec![0, 1, 2, 3, 4]));
        let again = pick(Manner::Told, &waiting, &mut empty(), Some(NOW), NOW);
        assert_eq!(seqs(&again).0, "wait");
        assert_eq!(seqs(&pick(Manner::Told, &waiting[..1], &mut empty(), None, NOW)).0, "wait");
        assert_eq!(seqs(&pick(Manner::Each, &waiting, &mut empty(), None, NOW)).0, "wait");
    }
}
