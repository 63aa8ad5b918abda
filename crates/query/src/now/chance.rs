//! How likely chance alone gives so many: the tails of the binomial distribution.

/// The probability that of `trials`, each a hit with probability `p`, at least `hits` are hits. One where `hits` is no
/// more than what is expected: nothing is said about ordinary counts.
pub(crate) fn at_least(hits: u64, trials: u64, p: f64) -> f64 {
    let (k, n) = (hits as f64, trials as f64);
    if hits == 0 || k <= n * p || p >= 1.0 {
        return 1.0;
    }
    if hits > trials || p <= 0.0 {
        return 0.0;
    }
    let choose = ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    let mut term = (choose + k * p.ln() + (n - k) * (1.0 - p).ln()).exp();
    let (mut sum, mut at) = (term, k);
    // Beyond the expected count each term is smaller than the one before, so what is left out is soon nothing.
    while at < n && term > sum * 1e-12 {
        term *= (n - at) / (at + 1.0) * p / (1.0 - p);
        sum += term;
        at += 1.0;
    }
    sum.min(1.0)
}

/// The probability that at most `hits` are hits.
pub(crate) fn at_most(hits: u64, trials: u64, p: f64) -> f64 {
    at_least(trials.saturating_sub(hits), trials, 1.0 - p)
}

/// Stirling's series; exact to nine digits from 10 on, below by multiplying.
fn ln_factorial(n: f64) -> f64 {
    if n < 10.0 {
        return (2..=n as u64).map(|factor| factor as f64).product::<f64>().ln();
    }
    let x = n + 1.0;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3))
}

/// How much better a rate of `now` tells `hits` of `trials` than `usual` does, as the logarithm of the ratio.
pub(crate) fn evidence(hits: u64, trials: u64, usual: f64) -> f64 {
    if trials == 0 || hits == 0 {
        return 0.0;
    }
    let (k, n) = (hits as f64, trials as f64);
    let (now, usual) = ((k / n).min(1.0), usual.clamp(1e-6, 1.0 - 1e-6));
    if now <= usual {
        return 0.0;
    }
    let missed = if now < 1.0 { (n - k) * ((1.0 - now) / (1.0 - usual)).ln() } else { 0.0 };
    k * (now / usual).ln() + missed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_about(found: f64, expected: f64) {
        assert!((found - expected).abs() <= expected * 1e-4, "{found} for {expected}");
    }

    /// By adding up all cases.
    fn by_hand(hits: u64, trials: u64, p: f64) -> f64 {
        let choose = |k: u64| (1..=k).map(|i| (trials - k + i) as f64 / i as f64).product::<f64>();
        (hits..=trials).map(|k| choose(k) * p.powi(k as i32) * (1.0 - p).powi((trials - k) as i32)).sum()
    }

    #[test]
    fn tails_are_those_of_the_distribution() {
        is_about(at_least(3, 3, 0.01), 1e-6);
        is_about(at_least(1, 1, 0.25), 0.25);
        for (hits, trials, p) in [(3, 20, 0.02), (9, 12, 0.5), (15, 400, 0.01), (60, 100, 0.3)] {
            is_about(at_least(hits, trials, p), by_hand(hits, trials, p));
        }
        is_about(at_most(2, 40, 0.5), by_hand(38, 40, 0.5));
        is_about(at_most(0, 3, 0.5), 0.125);
        assert!(at_least(4_000, 100_000, 0.02) < 1e-100);
    }

    #[test]
    fn ordinary_and_impossible_counts_have_their_answers() {
        assert_eq!(at_least(0, 10, 0.1), 1.0);
        assert_eq!(at_least(1, 10, 0.1), 1.0);
        assert_eq!(at_least(5, 4, 0.1), 0.0);
        assert_eq!(at_least(1, 4, 0.0), 0.0);
        assert_eq!(at_least(4, 4, 1.0), 1.0);
    }

    #[test]
    fn evidence_grows_with_the_share_and_with_the_count() {
        assert_eq!(evidence(0, 100, 0.1), 0.0);
        assert_eq!(evidence(10, 100, 0.1), 0.0);
        assert_eq!(evidence(0, 0, 0.1), 0.0);
        is_about(evidence(5, 5, 0.01), 5.0 * 100_f64.ln());
        assert!(evidence(5, 5, 0.01) > evidence(5, 50, 0.01));
        assert!(evidence(6, 12_000, 0.0005) < evidence(5, 500, 0.001));
    }
}
