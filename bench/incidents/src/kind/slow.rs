//! Incidents in which nothing fails at first: what is slow, and what no longer comes.

use rand::Rng;
use rand::rngs::StdRng;

use super::pick;
use crate::effect::{Effect, Only, Place, Symptom};
use crate::rail::What;
use crate::scenario::{Scenario, Surge, Truth};
use crate::topology::BOOKINGS_QUEUE;

const WATCH: f64 = 60.0;
const WATCH_GROWING: f64 = 300.0;

fn slow(node: &'static str, onset: f64, note: String) -> Truth {
    // Where it gets so slow that callers give up, that is told as well.
    Truth::of(node, What::Slow, onset, note).also(What::Failing)
}

fn everywhere(name: &'static str) -> Place {
    Place::Resource { from: None, name }
}

pub(super) fn slow_database(random: &mut StdRng, onset: f64) -> Scenario {
    let database = pick(
        random,
        &[
            "bookings@pg-1.parcelry",
            "depots@pg-2.parcelry",
            "people@pg-3.parcelry",
            "parcel-events",
            "price-cards",
        ],
    );
    let factor = random.random_range(12.0..60.0);
    let effect = Effect::fault(everywhere(database), Symptom::Slower(factor), onset);
    let note = format!("{database} takes {factor:.0} times as long");
    Scenario::incident(slow(database, onset, note), vec![effect], WATCH)
}

pub(super) fn network_delay(random: &mut StdRng, onset: f64) -> Scenario {
    let (from, to) = pick(
        random,
        &[
            ("storefront", "tracking"),
            ("mobile-gateway", "fleet"),
            ("storefront", "identity"),
            ("booking", "payment"),
            ("booking", "label"),
            ("storefront", "search"),
            ("quote", "pricing"),
            ("quote", "routing"),
            ("partner-gateway", "identity"),
        ],
    );
    let delay = random.random_range(0.08..0.4);
    let effect = Effect::fault(Place::Way { from: Some(from), to }, Symptom::Delay(delay), onset);
    let note = format!("the way from {from} to {to} takes {:.0} ms more", delay * 1000.0);
    Scenario::incident(slow(to, onset, note), vec![effect], WATCH)
}

pub(super) fn cpu_contention(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(
        random,
        &["quote", "booking", "label", "routing", "tracking", "depot", "drivers", "search", "storefront"],
    );
    let factor = random.random_range(4.0..12.0);
    let effect = Effect::fault(Place::Service(service), Symptom::Slower(factor), onset);
    let note = format!("{service} takes {factor:.0} times as long itself");
    Scenario::incident(slow(service, onset, note), vec![effect], WATCH)
}

pub(super) fn slow_dns(random: &mut StdRng, onset: f64) -> Scenario {
    let seconds = random.random_range(0.4..1.5);
    let (node, place) = match random.random_range(0..2) {
        0 => {
            let service = pick(random, &["tracking", "identity", "payment", "search"]);
            (service, Place::Way { from: None, to: service })
        }
        _ => {
            let party = pick(random, &["maps.geotiles.example", "api.cardhub.example"]);
            (party, everywhere(party))
        }
    };
    let effect = Effect::fault(place, Symptom::SlowName(seconds), onset).share(0.7);
    let note = format!("the name of {node} is found after {seconds:.1} s in most calls");
    Scenario::incident(slow(node, onset, note), vec![effect], WATCH)
}

pub(super) fn leak(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(random, &["quote", "booking", "label", "routing", "tracking", "depot", "search"]);
    let factor: f64 = random.random_range(8.0..16.0);
    let ramp = 240.0;
    let effect = Effect::fault(Place::Service(service), Symptom::Slower(factor), onset).ramp(ramp);
    let note = format!("the own time of {service} grows to {factor:.0} times within {ramp} s");
    // When it is twice the usual.
    let is_double = ramp / (factor - 1.0);
    Scenario::incident(slow(service, onset, note).within(is_double + 15.0), vec![effect], WATCH_GROWING)
}

pub(super) fn slow_third_party(random: &mut StdRng, onset: f64) -> Scenario {
    let party = pick(
        random,
        &["maps.geotiles.example", "api.cardhub.example", "search-cluster.parcelry", "parcelry-labels"],
    );
    let factor = random.random_range(4.0..9.0);
    let effect = Effect::fault(everywhere(party), Symptom::Slower(factor), onset);
    let note = format!("{party} takes {factor:.0} times as long");
    Scenario::incident(slow(party, onset, note), vec![effect], WATCH)
}

pub(super) fn slow_operation(random: &mut StdRng, onset: f64) -> Scenario {
    let (service, operation) = pick(
        random,
        &[
            ("label", "print"),
            ("identity", "session"),
            ("storefront", "web-search"),
            ("mobile-gateway", "app-position"),
        ],
    );
    let factor = random.random_range(15.0..40.0);
    let place = Place::Service(service);
    let effect = Effect::fault(place, Symptom::Slower(factor), onset).only(Only::Operation(operation));
    let note =
        format!("{operation} of {service} takes {factor:.0} times as long, its other operations do not");
    Scenario::incident(slow(service, onset, note), vec![effect], WATCH)
}

pub(super) fn slow_cache(random: &mut StdRng, onset: f64) -> Scenario {
    let cache =
        pick(random, &["sessions.cache.parcelry", "quotes.cache.parcelry", "positions.cache.parcelry"]);
    let delay = random.random_range(0.06..0.3);
    let effect = Effect::fault(everywhere(cache), Symptom::Delay(delay), onset);
    let note = format!("{cache} takes {:.0} ms more", delay * 1000.0);
    Scenario::incident(slow(cache, onset, note), vec![effect], WATCH)
}

pub(super) fn one_slow_instance(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(random, &["quote", "label", "routing", "tracking", "depot", "search"]);
    let factor = random.random_range(10.0..25.0);
    let effect =
        Effect::fault(Place::Service(service), Symptom::Slower(factor), onset).only(Only::Instance(1));
    let note = format!("one of three instances of {service} takes {factor:.0} times as long");
    Scenario::incident(slow(service, onset, note), vec![effect], WATCH)
}

pub(super) fn traffic_gone(random: &mut StdRng, onset: f64) -> Scenario {
    let service = pick(random, &["storefront", "mobile-gateway", "partner-gateway"]);
    let factor = pick(random, &[0.0, 0.0, 0.02]);
    let note = format!("{service} gets {factor} of its usual requests");
    let truth = Truth::of(service, What::Silent, onset, note).within(3.0);
    let surge = Surge { service: Some(service), factor, from: onset, until: f64::INFINITY };
    Scenario { surges: vec![surge], ..Scenario::incident(truth, Vec::new(), WATCH) }
}

pub(super) fn call_gone(random: &mut StdRng, onset: f64) -> Scenario {
    let (from, node, place) = match random.random_range(0..4) {
        0 => ("booking", BOOKINGS_QUEUE, Place::Resource { from: Some("booking"), name: BOOKINGS_QUEUE }),
        1 => ("booking", "payment", Place::Way { from: Some("booking"), to: "payment" }),
        2 => ("label", "parcel-events", Place::Resource { from: Some("label"), name: "parcel-events" }),
        _ => ("mobile-gateway", "drivers", Place::Way { from: Some("mobile-gateway"), to: "drivers" }),
    };
    let effect = Effect::fault(place, Symptom::NotCalled, onset).share(0.97);
    let truth = Truth::of(node, What::Silent, onset, format!("{from} hardly calls {node} any more"));
    Scenario::incident(truth.or(from).within(3.0), vec![effect], WATCH)
}
