//! What is known of a rule, as JSON: `{"clients": {"id": [last report, load, quota]}, "swept": …, "windows": [[number, requests,
//! sampled, borrowed]], "boost": {…}}`, with times in microseconds.

use std::collections::BTreeMap;

use model::Timestamp;
use serde_json::{Map, Value, json};

use super::boost::{Anomalies, Boost};
use super::statistics::{Counts, Statistics};
use super::{Client, RuleState};

pub(super) fn write(state: &RuleState) -> String {
    let clients = state
        .clients
        .iter()
        .map(|(id, client)| (id.clone(), json!([client.last_report.0, client.load, client.quota])));
    let windows = state
        .statistics
        .windows
        .iter()
        .map(|(window, counts)| json!([window, counts.requests, counts.sampled, counts.borrowed]));
    let Boost { window, current, before, began, is_on } = &state.boost;
    json!({
        "clients": clients.collect::<Map<String, Value>>(),
        "swept": state.swept.0,
        "windows": windows.collect::<Vec<Value>>(),
        "boost": {
            "window": window,
            "current": anomalies(current),
            "before": anomalies(before),
            "began": began.map(|began| began.0),
            "is_on": is_on,
        },
    })
    .to_string()
}

fn anomalies(of: &BTreeMap<String, Anomalies>) -> Value {
    of.iter().map(|(service, counts)| (service.clone(), json!([counts.anomalies, counts.sampled]))).collect()
}

/// None where it is not what [`write`] writes.
pub(super) fn read(text: &str) -> Option<RuleState> {
    let kept: Value = serde_json::from_str(text).ok()?;
    let clients = kept["clients"].as_object()?.iter().map(|(id, client)| {
        let client = Client {
            last_report: Timestamp(client[0].as_i64()?),
            load: client[1].as_f64()?,
            quota: client[2].as_u64()?.try_into().ok()?,
        };
        Some((id.clone(), client))
    });
    let windows = kept["windows"].as_array()?.iter().map(|window| {
        let counts = Counts {
            requests: window[1].as_u64()?,
            sampled: window[2].as_u64()?,
            borrowed: window[3].as_u64()?,
        };
        Some((window[0].as_i64()?, counts))
    });
    let boost = &kept["boost"];
    Some(RuleState {
        clients: clients.collect::<Option<_>>()?,
        statistics: Statistics { windows: windows.collect::<Option<_>>()? },
        boost: Boost {
            window: boost["window"].as_i64()?,
            current: read_anomalies(&boost["current"])?,
            before: read_anomalies(&boost["before"])?,
            began: boost["began"].as_i64().map(Timestamp),
            is_on: boost["is_on"].as_bool()?,
        },
        swept: Timestamp(kept["swept"].as_i64()?),
    })
}

fn read_anomalies(value: &Value) -> Option<BTreeMap<String, Anomalies>> {
    let read = |(service, counts): (&String, &Value)| {
        let counts = Anomalies { anomalies: counts[0].as_u64()?, sampled: counts[1].as_u64()? };
        Some((service.clone(), counts))
    };
    value.as_object()?.iter().map(read).collect()
}
