//! What is done to the topology at certain times: the injected fault, and the noise that is always there.

/// Where something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a service, while it serves.
    Service(&'static str),
    /// Between the call and the service that serves it; from one caller, or from all.
    Way { from: Option<&'static str>, to: &'static str },
    /// At a database, table, queue, cache or third party; for one caller, or for all.
    Resource { from: Option<&'static str>, name: &'static str },
}

/// What happens there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Symptom {
    /// The service fails with a defect of its own.
    Throws(super::sdk::Failure),
    /// Its own time, or that of the resource, is so many times as long.
    Slower(f64),
    /// So many seconds more, before it begins.
    Delay(f64),
    /// Nobody listens. Behind a balancer, that answers 503.
    Refused,
    /// No answer comes, and the callee sees nothing of it.
    Lost,
    Certificate,
    /// The name is found after so many seconds, and sometimes not.
    SlowName(f64),
    /// The answer has this status.
    Answers(u16),
    Throttled,
    QueueFull,
    /// The call is not made.
    NotCalled,
    /// Callers try so many times in all.
    Retried(u32),
    /// The segments of the service do not arrive.
    SegmentsLost,
    /// Its clock is ahead by so many seconds.
    ClockAhead(f64),
    /// It has another version.
    Version(&'static str),
}

/// Whom it hits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Only {
    All,
    Tenant(u32),
    /// Instances whose number is this; there are three of each service, one a zone.
    Instance(u32),
    /// Items of the key space, as a share of them.
    Items(f64),
    Operation(&'static str),
}

/// `from` and `until` are epoch seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect {
    pub(super) place: Place,
    pub(super) symptom: Symptom,
    /// Of what it may hit.
    pub(super) share: f64,
    pub(super) only: Only,
    pub(super) from: f64,
    pub(super) until: f64,
    /// It grows from nothing to its full strength over so many seconds.
    pub(super) ramp: f64,
    /// It is the incident, not noise or what goes with it: requests that it hits are counted.
    pub(super) is_fault: bool,
}

/// What an effect may ask of the request that it might hit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstance {
    pub(super) at: f64,
    pub(super) tenant: u32,
    pub(super) instance: u32,
    /// The place of what is asked for in the key space, from 0 to 1.
    pub(super) item: f64,
    pub(super) operation: &'static str,
}

impl Effect {
    /// Noise that is there all the time.
    pub(super) fn usual(place: Place, symptom: Symptom, share: f64) -> Self {
        let (from, until) = (f64::NEG_INFINITY, f64::INFINITY);
        Self { place, symptom, share, only: Only::All, from, until, ramp: 0.0, is_fault: false }
    }

    pub(super) fn fault(place: Place, symptom: Symptom, from: f64) -> Self {
        Self { from, is_fault: true, ..Self::usual(place, symptom, 1.0) }
    }

    pub(super) fn share(self, share: f64) -> Self {
        Self { share, ..self }
    }

    pub(super) fn only(self, only: Only) -> Self {
        Self { only, ..self }
    }

    pub(super) fn ramp(self, ramp: f64) -> Self {
        Self { ramp, ..self }
    }

    pub(super) fn until(self, until: f64) -> Self {
        Self { until, ..self }
    }

    /// It goes with the incident, and requests that it hits are not counted.
    pub(super) fn beside(self) -> Self {
        Self { is_fault: false, ..self }
    }

    /// The symptom as strong as it is by now, where it may hit.
    pub(super) fn symptom_for(&self, about: &Circumstance) -> Option<Symptom> {
        let is_hit = self.from <= about.at
            && about.at < self.until
            && match self.only {
                Only::All => true,
                Only::Tenant(tenant) => tenant == about.tenant,
                Only::Instance(instance) => instance == about.instance,
                Only::Items(share) => about.item < share,
                Only::Operation(name) => name == about.operation,
            };
        if !is_hit {
            return None;
        }
        let grown = if self.ramp > 0.0 { ((about.at - self.from) / self.ramp).min(1.0) } else { 1.0 };
        Some(match self.symptom {
            Symptom::Slower(factor) => Symptom::Slower(1.0 + (factor - 1.0) * grown),
            Symptom::Delay(seconds) => Symptom::Delay(seconds * grown),
            other => other,
        })
    }
}
