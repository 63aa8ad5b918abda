//! What is played in one run, and what is true of it.

use super::effect::Effect;
use super::rail::What;
use super::topology::{SERVICES, callers_of, is_balanced, service_of};

/// A change of the traffic. `from` and `until` are epoch seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surge {
    /// The entry whose requests it is about; all without one.
    pub(super) service: Option<&'static str>,
    /// So many times the usual.
    pub(super) factor: f64,
    pub(super) from: f64,
    pub(super) until: f64,
}

/// Requests of one operation besides the usual traffic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extra {
    pub(super) operation: &'static str,
    pub(super) a_second: f64,
    pub(super) from: f64,
    pub(super) until: f64,
}

#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) effects: Vec<Effect>,
    pub(super) surges: Vec<Surge>,
    pub(super) extras: Vec<Extra>,
    /// None in a healthy run.
    pub(super) truth: Option<Truth>,
    /// Seconds from the onset until it is judged; of a healthy run, its length.
    pub(super) watch: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Truth {
    /// Whose fault it is.
    pub(super) node: &'static str,
    /// In words, for whoever reads an explanation.
    pub(super) note: String,
    pub(super) what: Vec<What>,
    /// Names that are right: the node's, and that of the host which only it answers under.
    pub(super) right: Vec<String>,
    /// Names of those who only suffer from it, and of balancers that do their work.
    pub(super) victims: Vec<String>,
    /// Since when; anything up to `since_until` is right as well, where it grows or is seen later.
    pub(super) since: f64,
    pub(super) since_until: f64,
    /// Whether the fault's requests can be counted, as failures can.
    pub(super) is_counted: bool,
}

impl Truth {
    pub(super) fn of(node: &'static str, what: What, since: f64, note: String) -> Self {
        let mut right = vec![node.to_owned()];
        let mut victims: Vec<String> = callers_of(node).into_iter().map(str::to_owned).collect();
        if let Some(service) = SERVICES.iter().find(|one| one.name == node)
            && !is_balanced(service)
        {
            right.push(service.host.to_owned());
        }
        victims.extend(SERVICES.iter().filter(|one| is_balanced(one)).map(|one| one.host.to_owned()));
        victims.sort();
        victims.dedup();
        Self {
            node,
            note,
            what: vec![what],
            right,
            victims,
            since,
            since_until: since,
            is_counted: what == What::Failing,
        }
    }

    /// Another node that may be named as well.
    pub(super) fn or(mut self, node: &'static str) -> Self {
        self.right.push(node.to_owned());
        if let Some(service) = SERVICES.iter().find(|one| one.name == node) {
            self.right.extend((!is_balanced(service_of(service.name))).then(|| service.host.to_owned()));
        }
        self.victims.retain(|victim| victim != node);
        self
    }

    /// Nobody can count what it hit, since what tells of it is lost.
    pub(super) fn uncounted(mut self) -> Self {
        self.is_counted = false;
        self
    }

    /// It may also be told so.
    pub(super) fn also(mut self, what: What) -> Self {
        self.what.push(what);
        self
    }

    /// The onset may be put so many seconds later.
    pub(super) fn within(mut self, seconds: f64) -> Self {
        self.since_until = self.since + seconds;
        self
    }
}

impl Scenario {
    pub(super) fn incident(truth: Truth, effects: Vec<Effect>, watch: f64) -> Self {
        Self { effects, surges: Vec::new(), extras: Vec::new(), truth: Some(truth), watch }
    }
}
