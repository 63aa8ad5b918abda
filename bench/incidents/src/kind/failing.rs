//! Incidents in which calls fail.

use rand::Rng;
use rand::rngs::StdRng;

use super::pick;
use crate::effect::{Effect, Only, Place, Symptom};
use crate::rail::What;
use crate::scenario::{Scenario, Truth};
use crate::sdk::Failure;
use crate::topology::BOOKINGS_QUEUE;

const WATCH: f64 = 60.0;
/// Where the requests that fail are few.
const WATCH_RARE: f64 = 120.0;
const THIRD_PARTIES: [&str; 3] = ["maps.geotiles.example", "api.cardhub.example", "gate.customs.example"];
const INNER: [&str; 11] = [
    "quote", "pricing", "booking", "label", "routing", "tracking", "depot", "drivers", "payment", "identity",
    "search",
];

fn failing(node: &'static str, onset: f64, note: String) -> Truth {
    Truth::of(node, What::Failing, onset, note)
}

fn everywhere(name: &'static str) -> Place {
    Place::Resource { from: None, name }
}

pub(super) fn bad_deploy(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(random, &INNER);
    let share = random.random_range(0.3..1.0);
    let failure = Failure::Bug(random.random_range(0..2));
    let mut effects = Vec::new();
    for instance in 0..3 {
        let at = onset + 12.0 * f64::from(instance);
        let place = Place::Service(service);
        effects.push(
            Effect::fault(place, Symptom::Version("3.2.0"), at).only(Only::Instance(instance)).beside(),
        );
        effects.push(
            Effect::fault(place, Symptom::Throws(failure), at).only(Only::Instance(instance)).share(share),
        );
    }
    let note =
        format!("{service} 3.2.0 throws in {:.0} % of its requests, instance after instance", share * 100.0);
    Scenario::incident(failing(service, onset, note), effects, WATCH)
}

pub(super) fn retry_storm(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(random, &["pricing", "tracking", "payment", "identity", "depot", "label"]);
    let effects = vec![
        Effect::fault(Place::Service(service), Symptom::Throws(Failure::PoolExhausted), onset).share(0.6),
        Effect::fault(Place::Service(service), Symptom::Slower(4.0), onset).beside(),
        Effect::fault(Place::Way { from: None, to: service }, Symptom::Retried(4), onset).beside(),
    ];
    let note = format!("{service} has no connections left, and its callers ask four times");
    Scenario::incident(failing(service, onset, note), effects, WATCH)
}

pub(super) fn poisoned_cache(random: &mut StdRng, onset: f64) -> Scenario {
    let (service, cache) = pick(
        random,
        &[
            ("quote", "quotes.cache.parcelry"),
            ("fleet", "positions.cache.parcelry"),
            ("identity", "sessions.cache.parcelry"),
        ],
    );
    let share = random.random_range(0.06..0.18);
    let effect = Effect::fault(Place::Service(service), Symptom::Throws(Failure::Unreadable), onset)
        .only(Only::Items(share));
    let note = format!("{service} cannot read {:.0} % of what it finds in {cache}", share * 100.0);
    Scenario::incident(failing(service, onset, note).or(cache), vec![effect], WATCH_RARE)
}

pub(super) fn rare_dependency(random: &mut StdRng, onset: f64) -> Scenario {
    let symptom = pick(random, &[Symptom::Answers(503), Symptom::Lost, Symptom::Refused]);
    let place = everywhere("gate.customs.example");
    // More of the usual hiccups elsewhere, so that it is hidden among them.
    let masks = [
        Effect::fault(everywhere("maps.geotiles.example"), Symptom::Lost, onset - 60.0).share(0.03).beside(),
        Effect::fault(Place::Service("depot"), Symptom::Throws(Failure::Bug(1)), onset - 60.0)
            .share(0.006)
            .beside(),
    ];
    let effects = masks.into_iter().chain([Effect::fault(place, symptom, onset)]).collect();
    let note = "gate.customs.example fails, which one request in sixty needs".to_owned();
    Scenario::incident(failing("gate.customs.example", onset, note), effects, WATCH_RARE)
}

pub(super) fn bad_tenant(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(random, &["tracking", "identity", "quote", "booking"]);
    let tenant = random.random_range(0..4);
    let effect = Effect::fault(Place::Service(service), Symptom::Throws(Failure::Bug(0)), onset)
        .only(Only::Tenant(tenant));
    let note = format!("{service} fails for tenant t{tenant}");
    Scenario::incident(failing(service, onset, note), vec![effect], WATCH_RARE)
}

pub(super) fn dead_host(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(random, &INNER);
    let effect = Effect::fault(Place::Way { from: None, to: service }, Symptom::Refused, onset);
    Scenario::incident(failing(service, onset, format!("nobody listens at {service}")), vec![effect], WATCH)
}

pub(super) fn lost_segments(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(random, &INNER);
    let of_callers = pick(random, &["storefront", "mobile-gateway", "partner-gateway"]);
    let lost = random.random_range(0.5..1.0);
    let effects = vec![
        Effect::fault(Place::Service(service), Symptom::Throws(Failure::Bug(0)), onset).share(0.8),
        Effect::fault(Place::Service(service), Symptom::SegmentsLost, onset).share(lost).beside(),
        Effect::fault(Place::Service(of_callers), Symptom::SegmentsLost, onset).share(0.3).beside(),
    ];
    let note = format!(
        "{service} fails; {:.0} % of its segments are lost, and 30 % of those of {of_callers}",
        lost * 100.0
    );
    Scenario::incident(failing(service, onset, note).uncounted(), effects, WATCH)
}

pub(super) fn clock_skew(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(random, &INNER);
    let ahead = pick(random, &[-240.0, -90.0, -20.0, 15.0, 75.0, 200.0]);
    let place = Place::Service(service);
    let effects = vec![
        Effect::usual(place, Symptom::ClockAhead(ahead), 1.0),
        Effect::fault(place, Symptom::Throws(Failure::Bug(0)), onset).share(0.7),
    ];
    let note = format!("{service} fails, whose clock is ahead by {ahead} s");
    Scenario::incident(failing(service, onset, note), effects, WATCH)
}

pub(super) fn throttled_table(random: &mut StdRng, onset: f64) -> Scenario {
    let table = pick(random, &["parcel-events", "price-cards", "driver-shifts"]);
    let share = random.random_range(0.3..1.0);
    let effect = Effect::fault(everywhere(table), Symptom::Throttled, onset).share(share);
    let note = format!("{table} throttles {:.0} % of its calls", share * 100.0);
    Scenario::incident(failing(table, onset, note), vec![effect], WATCH)
}

pub(super) fn full_queue(random: &mut StdRng, onset: f64) -> Scenario {
    let share = random.random_range(0.4..1.0);
    let effect = Effect::fault(everywhere(BOOKINGS_QUEUE), Symptom::QueueFull, onset).share(share);
    let note = format!("the queue of bookings takes no more in {:.0} % of calls", share * 100.0);
    Scenario::incident(failing(BOOKINGS_QUEUE, onset, note), vec![effect], WATCH)
}

pub(super) fn expired_certificate(random: &mut StdRng, onset: f64) -> Scenario {
    let (node, place) = match random.random_range(0..3) {
        0 => {
            let service = pick(random, &["identity", "payment", "search"]);
            (service, Place::Way { from: None, to: service })
        }
        _ => {
            let party = pick(random, &THIRD_PARTIES);
            (party, everywhere(party))
        }
    };
    let effect = Effect::fault(place, Symptom::Certificate, onset);
    Scenario::incident(
        failing(node, onset, format!("the certificate of {node} expires")),
        vec![effect],
        WATCH_RARE,
    )
}

pub(super) fn bad_instance(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(random, &INNER);
    let instance = random.random_range(0..3);
    let failure = pick(random, &[Failure::OutOfMemory, Failure::DatabaseDown, Failure::Bug(1)]);
    let effect = Effect::fault(Place::Service(service), Symptom::Throws(failure), onset)
        .only(Only::Instance(instance));
    let note = format!("instance {instance} of {service} fails, two others work");
    Scenario::incident(failing(service, onset, note), vec![effect], WATCH)
}

pub(super) fn bad_zone(random: &mut StdRng, onset: f64) -> Scenario {
    let (service, resource) = pick(
        random,
        &[
            ("booking", "bookings@pg-1.parcelry"),
            ("depot", "depots@pg-2.parcelry"),
            ("identity", "people@pg-3.parcelry"),
            ("pricing", "price-cards"),
            ("search", "search-cluster.parcelry"),
        ],
    );
    let place = Place::Resource { from: Some(service), name: resource };
    let effect = Effect::fault(place, Symptom::Lost, onset).only(Only::Instance(random.random_range(0..3)));
    let note = format!("from one zone {service} does not reach {resource}");
    Scenario::incident(failing(resource, onset, note).or(service).within(3.0), vec![effect], WATCH)
}

pub(super) fn partial_network(random: &mut StdRng, onset: f64) -> Scenario {
    let (from, to) = pick(
        random,
        &[
            ("storefront", "tracking"),
            ("mobile-gateway", "tracking"),
            ("storefront", "identity"),
            ("booking", "payment"),
            ("mobile-gateway", "depot"),
            ("storefront", "search"),
            ("storefront", "quote"),
        ],
    );
    let share = random.random_range(0.25..0.6);
    let effect = Effect::fault(Place::Way { from: Some(from), to }, Symptom::Lost, onset).share(share);
    let note = format!("{:.0} % of calls from {from} to {to} are lost", share * 100.0);
    Scenario::incident(failing(to, onset, note).within(3.0), vec![effect], WATCH)
}

pub(super) fn entry_outage(random: &mut StdRng, onset: f64) -> Scenario {
    let entry = pick(random, &["storefront", "mobile-gateway", "partner-gateway"]);
    let effect = Effect::fault(Place::Service(entry), Symptom::Throws(Failure::Bug(1)), onset);
    Scenario::incident(failing(entry, onset, format!("{entry} fails at every request")), vec![effect], WATCH)
}

pub(super) fn database_down(random: &mut StdRng, onset: f64) -> Scenario {
    let database = pick(random, &["bookings@pg-1.parcelry", "depots@pg-2.parcelry", "people@pg-3.parcelry"]);
    let effect = Effect::fault(everywhere(database), Symptom::Refused, onset);
    Scenario::incident(failing(database, onset, format!("{database} is down")), vec![effect], WATCH)
}

pub(super) fn third_party_errors(random: &mut StdRng, onset: f64) -> Scenario {
    let party = pick(random, &["maps.geotiles.example", "api.cardhub.example", "search-cluster.parcelry"]);
    let share = random.random_range(0.5..1.0);
    let effect = Effect::fault(everywhere(party), Symptom::Answers(503), onset).share(share);
    let note = format!("{party} answers 503 to {:.0} % of calls", share * 100.0);
    Scenario::incident(failing(party, onset, note), vec![effect], WATCH)
}

/// The same failure for the third time, of which this time alone is to be told.
pub(super) fn relapse(random: &mut StdRng, onset: f64) -> Scenario {
    const LENGTH: f64 = 15.0;
    const EVERY: f64 = 110.0;
    let service = pick(random, &["quote", "tracking", "identity", "search", "depot"]);
    let symptom = pick(random, &[Symptom::Throws(Failure::PoolExhausted), Symptom::Refused]);
    let place = match symptom {
        Symptom::Refused => Place::Way { from: None, to: service },
        _ => Place::Service(service),
    };
    let earlier = [2.0, 1.0].map(|times| {
        let from = onset - times * EVERY;
        Effect::fault(place, symptom, from).until(from + LENGTH).beside()
    });
    let effects = earlier.into_iter().chain([Effect::fault(place, symptom, onset)]).collect();
    let note = format!("{service} fails for the third time, after two times of {LENGTH} s");
    Scenario::incident(failing(service, onset, note), effects, LENGTH)
}

/// A lesser failure that began before must not stand above a worse one.
pub(super) fn two_at_once(random: &mut StdRng, onset: f64) -> Scenario {
    let lesser = pick(random, &["invoices@my-1.parcelry", "sms.pigeon.example", "gate.customs.example"]);
    let service = pick(random, &["tracking", "booking", "identity", "quote"]);
    let effects = vec![
        Effect::fault(everywhere(lesser), Symptom::Refused, onset - 90.0).beside(),
        Effect::fault(Place::Service(service), Symptom::Throws(Failure::Bug(0)), onset).share(0.9),
    ];
    let note = format!("{service} fails, and since 90 s before {lesser}, which is the lesser failure");
    Scenario::incident(failing(service, onset, note), effects, WATCH)
}
