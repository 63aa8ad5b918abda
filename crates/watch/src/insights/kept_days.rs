//! What the last day says, kept over a restart: each bin of five minutes as a mark of its own, in a ring of a day's bins.

use model::{Micros, Minute, NodeKey, Timestamp};
use query::now::{BIN_MINUTES, Bin, Counted, Days};
use serde_json::{Value, json};
use settings::alerts::Alerts;
use tracing::warn;

/// A day's bins and some more.
const RING: i64 = 300;
/// Minutes that the ledger still knows after a restart, which are taken one after the other.
const CAUGHT_UP: i64 = 35;
/// After the end of a minute, until what was received in it is digested. What comes later is not counted, neither as a request
/// nor as a failure.
const SETTLING: Micros = Micros::from_secs(8);

pub(super) type Mark = (String, Option<Value>);

fn name(bin: i64) -> String {
    format!("day/{}", bin.rem_euclid(RING))
}

/// The minutes that are to be taken, oldest first.
pub(super) fn due(days: &Days, now: Timestamp) -> std::ops::RangeInclusive<i64> {
    let last = now.minus(SETTLING).minute().0 - 1;
    let first = days.newest().map_or(i64::MIN, |newest| newest.0 + 1);
    first.max(last + 1 - CAUGHT_UP)..=last
}

/// The mark of the bin that ends with a minute, if one does.
pub(super) fn mark(days: &Days, minute: Minute) -> Option<Mark> {
    if (minute.0 + 1).rem_euclid(BIN_MINUTES) != 0 {
        return None;
    }
    let at = minute.0.div_euclid(BIN_MINUTES);
    let counted: Vec<Value> = days
        .bin(at)
        .into_iter()
        .map(|(node, bin)| json!([node.name, node.kind, node.account, bin.requests, bin.failing]))
        .collect();
    Some((name(at), Some(json!({ "at": at, "counted": counted }))))
}

/// What an earlier process kept of the day before now.
pub(super) fn read(alerts: &Alerts, now: Timestamp) -> Vec<Counted> {
    let newest = now.minute().0.div_euclid(BIN_MINUTES);
    let mut counted = Vec::new();
    for at in newest - RING + 1..newest {
        match alerts.mark(&name(at)) {
            Ok(Some(value)) if value["at"].as_i64() == Some(at) => {
                counted.extend(
                    value["counted"].as_array().into_iter().flatten().filter_map(|row| parse(row, at)),
                );
            }
            Ok(_) => {}
            Err(error) => {
                warn!(%error, "what usually fails cannot be read; it is learned anew");
                return Vec::new();
            }
        }
    }
    counted
}

fn parse(row: &Value, at: i64) -> Option<Counted> {
    let text = |place: usize| row[place].as_str().map(ToOwned::to_owned);
    let node = NodeKey { name: text(0)?, kind: text(1), account: text(2) };
    Some((node, Bin { at, requests: row[3].as_u64()?, failing: row[4].as_u64()? }))
}
