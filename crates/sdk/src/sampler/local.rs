//! Rules of a file, decided without asking anybody.

use sampling::RuleFile;
use sampling::file::LocalRule;

use crate::clock;
use crate::id;
pub(crate) use crate::sampler::reservoir::Reservoir;
use crate::sampler::{Decision, Sampler, SamplingRequest};

/// A file's rules in their order, then its default.
#[derive(Debug)]
pub(crate) struct Local {
    rules: Vec<(LocalRule, Reservoir)>,
    default: (u32, f64, Reservoir),
}

impl Local {
    pub(crate) fn new(file: RuleFile) -> Self {
        let rules = file.rules.into_iter().map(|rule| (rule, Reservoir::default()));
        Self {
            rules: rules.collect(),
            default: (file.default.fixed_target, file.default.rate, Reservoir::default()),
        }
    }

    fn decide_at(&self, request: &SamplingRequest<'_>, second: i64, dice: impl FnOnce() -> f64) -> bool {
        let request = request.for_rules();
        let matching = self.rules.iter().find(|(rule, _)| rule.matches(&request));
        let (target, rate, reservoir) = match matching {
            Some((rule, reservoir)) => (rule.fixed_target, rule.rate, reservoir),
            None => (self.default.0, self.default.1, &self.default.2),
        };
        reservoir.take(target, second) || dice() < rate
    }
}

impl Sampler for Local {
    fn decide(&self, request: &SamplingRequest<'_>) -> Decision {
        Decision { sampled: self.decide_at(request, clock::seconds_now(), id::dice), rule: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_a_second_and_never_take_more() {
        let reservoir = Reservoir::default();
        let taken = std::thread::scope(|scope| {
            let take = || (0..1_000).filter(|_| reservoir.take(100, 7)).count();
            let threads = [scope.spawn(take), scope.spawn(take)];
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(taken, 100);
        assert!(reservoir.take(100, 6), "a clock that is set back begins a second");
        assert!(!reservoir.take(0, 8));
    }

    #[test]
    fn it_decides_as_the_sampler_that_is_not_shared() {
        let text = r#"{"version":2,"default":{"fixed_target":2,"rate":0.5},"rules":[
            {"host":"*","http_method":"GET","url_path":"/health*","fixed_target":0,"rate":0},
            {"host":"a*","http_method":"*","url_path":"*","fixed_target":1,"rate":0.1}]}"#;
        let file = RuleFile::parse(text).unwrap();
        let own = Local::new(file.clone());
        let mut other = sampling::reservoir::LocalSampler::new(file);
        for step in 0..500_u32 {
            let request = SamplingRequest {
                host: Some(["a.example", "b.example"][step as usize % 2]),
                method: Some("GET"),
                path: Some(["/", "/healthcheck", "/x"][step as usize % 3]),
                ..SamplingRequest::default()
            };
            let (second, dice) = (i64::from(step / 7), f64::from(step % 10) / 10.0);
            let expected =
                other.decide(&request.for_rules(), model::Timestamp(second * 1_000_000), dice).sampled;
            assert_eq!(own.decide_at(&request, second, || dice), expected, "{step}");
        }
    }
}
