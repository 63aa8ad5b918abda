//! What agents say of themselves, summed for the settings page. It is gone after a restart.

use std::collections::BTreeMap;

use model::Timestamp;
use parking_lot::Mutex;

use crate::shape::DaemonStatus;
use crate::shape::stats::millis_at;

/// The name is whatever the sender says; of more agents the one that was silent longest is forgotten.
const MAX_DAEMONS: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Daemons {
    by_name: Mutex<BTreeMap<String, Heard>>,
}

#[derive(Debug)]
struct Heard {
    last: Timestamp,
    status: DaemonStatus,
}

impl Daemons {
    /// Adds the sums of a request, each with the label of its metric.
    pub(crate) fn heard(&self, name: String, sums: &[(&'static str, u64)], now: Timestamp) {
        let mut by_name = self.by_name.lock();
        if by_name.len() >= MAX_DAEMONS && !by_name.contains_key(&name) {
            let silent = by_name.iter().min_by_key(|(_, heard)| heard.last).map(|(name, _)| name.clone());
            by_name.remove(&silent.unwrap_or_default());
        }
        let heard = by_name.entry(name).or_insert_with_key(|name| Heard {
            last: now,
            status: DaemonStatus {
                name: name.clone(),
                last_seen: 0.0,
                received: 0,
                sent: 0,
                spilled: 0,
                rejected: 0,
                connection_errors: 0,
            },
        });
        heard.last = now;
        heard.status.last_seen = millis_at(now);
        for &(label, count) in sums {
            let sum = match label {
                "segments_received" => &mut heard.status.received,
                "segments_sent" => &mut heard.status.sent,
                "segments_spillover" => &mut heard.status.spilled,
                "segments_rejected" => &mut heard.status.rejected,
                _ => &mut heard.status.connection_errors,
            };
            *sum = sum.saturating_add(count);
        }
    }

    /// Latest first.
    pub(crate) fn list(&self) -> Vec<DaemonStatus> {
        let mut list: Vec<DaemonStatus> =
            self.by_name.lock().values().map(|heard| heard.status.clone()).collect();
        list.sort_by(|one, other| other.last_seen.total_cmp(&one.last_seen));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_silent_are_forgotten_and_sums_add_up() {
        let daemons = Daemons::default();
        for number in 0..=MAX_DAEMONS as i64 {
            daemons.heard(format!("host-{number}"), &[("segments_sent", 2)], Timestamp(number));
        }
        daemons.heard("host-7".to_owned(), &[("segments_sent", 3), ("http_5xx", 1)], Timestamp(9_999_000));
        let list = daemons.list();
        assert_eq!(list.len(), MAX_DAEMONS);
        assert_eq!((list[0].name.as_str(), list[0].sent, list[0].connection_errors), ("host-7", 5, 1));
        assert!(!list.iter().any(|daemon| daemon.name == "host-0"));
    }
}
