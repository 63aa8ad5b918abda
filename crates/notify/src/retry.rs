//! When a message that did not arrive is sent again, and when it is given up.

use model::{Micros, Timestamp};
use settings::alerts::Outcome;

use crate::send::{Answer, Fate};

/// Seconds from one try to the next; the last holds for all further ones.
const DELAYS: [u64; 6] = [5, 15, 60, 300, 900, 1_800];
/// After so long a message is given up.
pub(crate) const GIVEN_UP: Micros = Micros::from_secs(24 * 3_600);

/// What becomes of a delivery after a try. `jitter` is a random number from 0 to 1, which moves the next try by a fifth
/// either way, so that many that failed together do not come back together.
pub(crate) fn outcome(
    answer: &Answer,
    created: Timestamp,
    tries: u32,
    now: Timestamp,
    jitter: f64,
) -> Outcome {
    let text = match answer.status {
        Some(status) => format!("{status} {}", answer.text).trim_end().to_owned(),
        None => answer.text.clone(),
    };
    match answer.fate {
        Fate::Delivered => Outcome::Sent { answer: text },
        Fate::Refused => Outcome::Dead { answer: text },
        Fate::Failed { .. } if created.until(now) >= GIVEN_UP => {
            Outcome::Dead { answer: format!("given up after 24 hours; {text}") }
        }
        Fate::Failed { retry_after } => {
            let asked =
                retry_after.map_or(Micros(0), |wait| Micros(u64::try_from(wait.as_micros()).unwrap_or(0)));
            Outcome::Retry { due: now.plus(delay(tries, jitter).max(asked)), answer: text }
        }
    }
}

fn delay(tries: u32, jitter: f64) -> Micros {
    let index = usize::try_from(tries).unwrap_or(usize::MAX).min(DELAYS.len() - 1);
    let seconds = DELAYS[index] as f64 * (0.8 + 0.4 * jitter.clamp(0.0, 1.0));
    Micros((seconds * 1_000_000.0) as u64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    fn failed(retry_after: Option<u64>) -> Answer {
        let retry_after = retry_after.map(Duration::from_secs);
        Answer {
            fate: Fate::Failed { retry_after },
            status: Some(503),
            text: "busy".to_owned(),
            took: Duration::ZERO,
            is_private: false,
        }
    }

    fn check(answer: &Answer, tries: u32, jitter: f64, seconds: f64) {
        let Outcome::Retry { due, answer } = outcome(answer, NOW, tries, NOW, jitter) else {
            panic!("no retry")
        };
        assert_eq!(NOW.until(due).as_seconds(), seconds);
        assert_eq!(answer, "503 busy");
    }

    #[test]
    fn tries_come_ever_more_slowly_and_end_after_a_day() {
        for (tries, seconds) in
            [(0, 5.0), (1, 15.0), (2, 60.0), (3, 300.0), (4, 900.0), (5, 1_800.0), (99, 1_800.0)]
        {
            check(&failed(None), tries, 0.5, seconds);
        }
        check(&failed(None), 0, 0.0, 4.0);
        check(&failed(None), 0, 1.0, 6.0);
        check(&failed(Some(120)), 0, 0.5, 120.0);
        check(&failed(Some(1)), 0, 0.5, 5.0);
        let late = outcome(&failed(None), NOW, 50, NOW.plus(GIVEN_UP), 0.5);
        assert_eq!(late, Outcome::Dead { answer: "given up after 24 hours; 503 busy".to_owned() });
    }
}
