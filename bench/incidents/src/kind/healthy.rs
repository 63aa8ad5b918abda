//! Ten minutes in which nothing is wrong, and much happens.

use rand::Rng;
use rand::rngs::StdRng;

use super::pick;
use crate::effect::{Effect, Only, Place, Symptom};
use crate::scenario::{Extra, Scenario, Surge};

const LENGTH: f64 = 600.0;

pub(super) fn healthy(random: &mut StdRng, onset: f64) -> Scenario {
    let mut scenario =
        Scenario { effects: Vec::new(), surges: Vec::new(), extras: Vec::new(), truth: None, watch: LENGTH };
    let at = |random: &mut StdRng| onset + random.random_range(30.0..LENGTH - 120.0);
    let mut events: Vec<fn(&mut StdRng, f64, &mut Scenario)> =
        vec![deploy, spike, nightly, probing, stuffing];
    for _ in 0..3 {
        let event = events.swap_remove(random.random_range(0..events.len()));
        let from = at(random);
        event(random, from, &mut scenario);
    }
    scenario
}

/// A new version, instance after instance, whose first requests are slower.
fn deploy(random: &mut StdRng, from: f64, scenario: &mut Scenario) {
    let service = pick(random, &["quote", "booking", "label", "tracking", "depot", "identity", "storefront"]);
    for instance in 0..3 {
        let at = from + 20.0 * f64::from(instance);
        let effect = |symptom| {
            Effect::fault(Place::Service(service), symptom, at).only(Only::Instance(instance)).beside()
        };
        scenario.effects.push(effect(Symptom::Version("3.1.1")));
        scenario.effects.push(effect(Symptom::Delay(0.15)).until(at + 1.0));
    }
}

fn spike(random: &mut StdRng, from: f64, scenario: &mut Scenario) {
    let service = pick(random, &[None, Some("storefront"), Some("mobile-gateway")]);
    let factor = random.random_range(2.0..4.0);
    scenario.surges.push(Surge { service, factor, from, until: from + 90.0 });
}

fn nightly(random: &mut StdRng, from: f64, scenario: &mut Scenario) {
    let until = from + random.random_range(40.0..110.0);
    scenario.extras.push(Extra { operation: "nightly", a_second: 1.5, from, until });
}

/// Somebody looks for what is not there.
fn probing(_: &mut StdRng, from: f64, scenario: &mut Scenario) {
    scenario.extras.push(Extra { operation: "probe", a_second: 25.0, from, until: from + 40.0 });
}

/// Somebody tries passwords.
fn stuffing(_: &mut StdRng, from: f64, scenario: &mut Scenario) {
    let until = from + 60.0;
    scenario.extras.push(Extra { operation: "web-login", a_second: 8.0, from, until });
    let wrong =
        Effect::fault(Place::Service("identity"), Symptom::Answers(401), from).only(Only::Operation("login"));
    scenario.effects.push(wrong.share(0.9).until(until).beside());
}
