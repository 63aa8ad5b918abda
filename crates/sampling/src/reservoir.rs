//! What is recorded in any case each second, and the decision that a process takes by itself.

use model::Timestamp;

use crate::file::{LocalRule, RuleFile};
use crate::matching::Request;

/// So many a second, by the seconds of the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservoir {
    per_second: u32,
    second: i64,
    taken: u32,
}

impl Reservoir {
    pub fn new(per_second: u32) -> Self {
        Self { per_second, second: i64::MIN, taken: 0 }
    }

    /// Takes one if this second has any left. A clock that is set back starts a second like any other.
    pub fn take(&mut self, now: Timestamp) -> bool {
        let second = now.floor_seconds();
        if second != self.second {
            self.second = second;
            self.taken = 0;
        }
        let is_left = self.taken < self.per_second;
        self.taken += u32::from(is_left);
        is_left
    }
}

/// Decides by the rules of a file, without asking a server. One process has one.
#[derive(Debug, Clone)]
pub struct LocalSampler {
    rules: Vec<(LocalRule, Reservoir)>,
    default_rate: f64,
    default_reservoir: Reservoir,
}

/// What a sampler decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub sampled: bool,
    /// Which rule of the file it was by; `None` is the default.
    pub rule: Option<usize>,
}

impl LocalSampler {
    pub fn new(file: RuleFile) -> Self {
        let rules = file.rules.into_iter().map(|rule| {
            let reservoir = Reservoir::new(rule.fixed_target);
            (rule, reservoir)
        });
        Self {
            rules: rules.collect(),
            default_rate: file.default.rate,
            default_reservoir: Reservoir::new(file.default.fixed_target),
        }
    }

    /// The first rule that matches decides: its reservoir, and once that is used up its rate.
    /// `dice` is uniform in [0, 1).
    pub fn decide(&mut self, request: &Request<'_>, now: Timestamp, dice: f64) -> Decision {
        let matching = self.rules.iter_mut().enumerate().find(|(_, (rule, _))| rule.matches(request));
        let (rule, rate, reservoir) = match matching {
            Some((index, (rule, reservoir))) => (Some(index), rule.rate, reservoir),
            None => (None, self.default_rate, &mut self.default_reservoir),
        };
        Decision { sampled: reservoir.take(now) || dice < rate, rule }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_reservoir_gives_so_many_each_second() {
        let mut reservoir = Reservoir::new(2);
        let taken: Vec<_> =
            [0.0, 0.5, 0.999, 1.0, 1.1, 1.2, 5.0].map(|second| reservoir.take(at(second))).into();
        assert_eq!(taken, [true, true, false, true, true, false, true]);
        assert!(reservoir.take(at(-3.0)), "the clock was set back");
        assert!(!Reservoir::new(0).take(at(0.0)));
    }

    #[test]
    fn first_the_fixed_target_and_then_the_rate_of_the_first_rule_that_matches() {
        let file = RuleFile::parse(
            r#"{ "version": 2, "default": { "fixed_target": 0, "rate": 0 }, "rules": [
                { "host": "*", "http_method": "GET", "url_path": "/health", "fixed_target": 0, "rate": 0 },
                { "host": "*", "http_method": "*", "url_path": "/h*", "fixed_target": 1, "rate": 0.5 } ] }"#,
        )
        .unwrap();
        let mut sampler = LocalSampler::new(file);
        let mut check = |method, path, dice, rule, sampled| {
            let request = Request { http_method: Some(method), url_path: Some(path), ..Request::default() };
            assert_eq!(sampler.decide(&request, at(0.0), dice), Decision { sampled, rule }, "{path} {dice}");
        };
        check("get", "/health", 0.0, Some(0), false);
        check("POST", "/health", 0.9, Some(1), true);
        check("POST", "/health", 0.5, Some(1), false);
        check("POST", "/hello", 0.49, Some(1), true);
        check("GET", "/other", 0.0, None, false);
    }
}
