//! What people and their tools ask each minute.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use crate::document::now;
use crate::http::Connection;

pub(super) const NAMES: [&str; 10] = [
    "what is broken",
    "map of an hour",
    "client requests of an hour",
    "one service",
    "exceptions",
    "newest traces",
    "newest with a fault of a service",
    "newest with an annotation",
    "a trace by its id",
    "X-Ray's service graph",
];

/// How long each answer took.
pub(super) fn ask(connection: &mut Connection) -> anyhow::Result<Vec<(&'static str, Duration)>> {
    let mut measured = Vec::new();
    let mut newest = None;
    for name in NAMES {
        let begin = Instant::now();
        let answer = match name {
            "what is broken" => connection.get(&of_the_last_minutes("/api/now", 60, "")),
            "map of an hour" => connection.get(&of_the_last_minutes("/api/graph", 60, "")),
            "client requests of an hour" => connection.get(&of_the_last_minutes("/api/history", 60, "")),
            "one service" => connection.get(&of_the_last_minutes(
                "/api/service",
                60,
                "&name=shop-0-orders&type=AWS::ECS::Container",
            )),
            "exceptions" => connection.get(&of_the_last_minutes("/api/exceptions", 60, "")),
            "newest traces" => summaries(connection, "service(\"shop-1-front\")"),
            "newest with a fault of a service" => {
                summaries(connection, "service(\"shop-0-payments\") { fault }")
            }
            "newest with an annotation" => summaries(connection, "annotation.tenant = \"tenant-7\""),
            "a trace by its id" => {
                let body = json!({ "TraceIds": [newest.as_deref().unwrap_or_default()] }).to_string();
                connection.post("/Traces", body.as_bytes())
            }
            _ => {
                let body = json!({ "StartTime": now() - 3_600.0, "EndTime": now() }).to_string();
                connection.post("/ServiceGraph", body.as_bytes())
            }
        };
        let answer = answer.and_then(|answer| answer.expect_ok()).context(name)?;
        measured.push((name, begin.elapsed()));
        if name == "newest traces" {
            newest = serde_json::from_str::<serde_json::Value>(&answer)?["TraceSummaries"][0]["Id"]
                .as_str()
                .map(str::to_owned);
        }
    }
    Ok(measured)
}

/// The console's times are milliseconds.
pub(crate) fn of_the_last_minutes(path: &str, minutes: u32, more: &str) -> String {
    let to = now() * 1e3;
    format!("{path}?from={:.0}&to={to:.0}{more}", to - f64::from(minutes) * 60e3)
}

fn summaries(connection: &mut Connection, filter: &str) -> anyhow::Result<crate::http::Answer> {
    let window = json!({ "StartTime": now() - 3_600.0, "EndTime": now(), "FilterExpression": filter });
    connection.post("/TraceSummaries", window.to_string().as_bytes())
}
