//! The kinds of incidents that are played, and the noise that is always there.

mod failing;
mod healthy;
mod slow;

use rand::Rng;
use rand::rngs::StdRng;

use super::effect::{Effect, Only, Place, Symptom};
use super::scenario::Scenario;
use super::sdk::Failure;

/// By what goes wrong; figures are given for each apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Failing,
    Slow,
    Silent,
    Healthy,
}

pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) class: Class,
    /// The scenario of a seed, from its onset on (epoch seconds).
    pub(super) plan: fn(&mut StdRng, f64) -> Scenario,
}

const fn kind(name: &'static str, class: Class, plan: fn(&mut StdRng, f64) -> Scenario) -> Kind {
    Kind { name, class, plan }
}

pub(super) static KINDS: [Kind; 31] = [
    kind("bad-deploy", Class::Failing, failing::bad_deploy),
    kind("retry-storm", Class::Failing, failing::retry_storm),
    kind("poisoned-cache", Class::Failing, failing::poisoned_cache),
    kind("rare-dependency", Class::Failing, failing::rare_dependency),
    kind("bad-tenant", Class::Failing, failing::bad_tenant),
    kind("dead-host", Class::Failing, failing::dead_host),
    kind("lost-segments", Class::Failing, failing::lost_segments),
    kind("clock-skew", Class::Failing, failing::clock_skew),
    kind("throttled-table", Class::Failing, failing::throttled_table),
    kind("full-queue", Class::Failing, failing::full_queue),
    kind("expired-certificate", Class::Failing, failing::expired_certificate),
    kind("bad-instance", Class::Failing, failing::bad_instance),
    kind("bad-zone", Class::Failing, failing::bad_zone),
    kind("partial-network", Class::Failing, failing::partial_network),
    kind("entry-outage", Class::Failing, failing::entry_outage),
    kind("database-down", Class::Failing, failing::database_down),
    kind("third-party-errors", Class::Failing, failing::third_party_errors),
    kind("relapse", Class::Failing, failing::relapse),
    kind("two-at-once", Class::Failing, failing::two_at_once),
    kind("slow-database", Class::Slow, slow::slow_database),
    kind("network-delay", Class::Slow, slow::network_delay),
    kind("cpu-contention", Class::Slow, slow::cpu_contention),
    kind("slow-dns", Class::Slow, slow::slow_dns),
    kind("leak", Class::Slow, slow::leak),
    kind("slow-third-party", Class::Slow, slow::slow_third_party),
    kind("slow-operation", Class::Slow, slow::slow_operation),
    kind("slow-cache", Class::Slow, slow::slow_cache),
    kind("one-slow-instance", Class::Slow, slow::one_slow_instance),
    kind("traffic-gone", Class::Silent, slow::traffic_gone),
    kind("call-gone", Class::Silent, slow::call_gone),
    kind("healthy", Class::Healthy, healthy::healthy),
];

fn pick<T: Copy>(random: &mut StdRng, among: &[T]) -> T {
    among[random.random_range(0..among.len())]
}

/// Failures that happen in every minute of a healthy day: most reach no client, some do.
pub(super) fn noise() -> Vec<Effect> {
    let at = |name| Place::Resource { from: None, name };
    vec![
        Effect::usual(Place::Service("tracking"), Symptom::Answers(404), 0.03),
        Effect::usual(Place::Service("label"), Symptom::Answers(404), 0.02).only(Only::Operation("print")),
        Effect::usual(Place::Service("identity"), Symptom::Answers(401), 0.08).only(Only::Operation("login")),
        Effect::usual(Place::Service("quote"), Symptom::Answers(400), 0.01),
        Effect::usual(Place::Service("storefront"), Symptom::Answers(404), 1.0)
            .only(Only::Operation("probe")),
        // Time out once, and succeed at the second try.
        Effect::usual(at("maps.geotiles.example"), Symptom::Lost, 0.012),
        Effect::usual(at("api.cardhub.example"), Symptom::Lost, 0.008),
        Effect::usual(at("sms.pigeon.example"), Symptom::Answers(503), 0.02),
        Effect::usual(at("sessions.cache.parcelry"), Symptom::Lost, 0.0004),
        // Answered without it.
        Effect::usual(at("invoices@my-1.parcelry"), Symptom::Refused, 0.02),
        Effect::usual(at("positions.cache.parcelry"), Symptom::Lost, 0.002),
        // Seen by clients.
        Effect::usual(Place::Service("depot"), Symptom::Throws(Failure::Bug(1)), 0.006),
        Effect::usual(Place::Service("quote"), Symptom::Throws(Failure::Bug(1)), 0.002),
        Effect::usual(at("search-cluster.parcelry"), Symptom::Answers(503), 0.004),
        // Garbage collection, and pages that are not in memory.
        Effect::usual(Place::Service("booking"), Symptom::Delay(0.18), 0.01),
        Effect::usual(Place::Service("identity"), Symptom::Delay(0.12), 0.008),
        Effect::usual(at("depots@pg-2.parcelry"), Symptom::Slower(12.0), 0.01),
    ]
}
