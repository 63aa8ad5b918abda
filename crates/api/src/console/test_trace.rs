//! `POST /api/test-trace`: one small trace of two services, for somebody who has nothing to send yet.

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use ingest::refusals::Door;
use model::{Micros, SegmentDocument, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::Shared;
use crate::error::Problem;
use crate::params::JsonBody;
use crate::shape::TestTrace;

/// The body: an empty object.
#[derive(Debug, Deserialize)]
pub(crate) struct Send {}

pub(crate) async fn send(
    State(app): State<Shared>,
    JsonBody(Send {}): JsonBody<Send>,
) -> Result<Json<TestTrace>, Problem> {
    let documents = documents(app.deps.clock.now());
    let trace_id = documents[0].trace_id.to_string();
    app.deps.ingest.submit(Door::Http, documents.into()).await?;
    Ok(Json(TestTrace { trace_id }))
}

/// A request that a shop passes on to its stock, 40 ms ago.
fn documents(now: Timestamp) -> [SegmentDocument; 2] {
    let seconds = u32::try_from(now.floor_seconds()).unwrap_or_default();
    let random = rand::random::<u128>() >> 32;
    let trace_id = format!("1-{seconds:08x}-{random:024x}");
    let [shop, call, stock] = rand::random::<[u64; 3]>().map(|id| format!("{id:016x}"));
    let ago = |millis| now.minus(Micros::from_millis(millis)).as_seconds();
    let http = |host: &str, path: &str| {
        json!({
            "request": { "method": "GET", "url": format!("http://{host}{path}") },
            "response": { "status": 200 },
        })
    };
    let caller = json!({
        "name": "test-shop", "id": shop, "trace_id": trace_id, "start_time": ago(40), "end_time": ago(0),
        "http": http("test-shop.example", "/items/7"), "annotations": { "test": true },
        "subsegments": [{
            "name": "test-stock", "id": call, "namespace": "remote", "start_time": ago(30), "end_time": ago(5),
            "http": http("test-stock.example", "/stock/7"),
        }],
    });
    let callee = json!({
        "name": "test-stock", "id": stock, "trace_id": trace_id, "parent_id": call,
        "start_time": ago(25), "end_time": ago(10), "http": http("test-stock.example", "/stock/7"),
    });
    [decode(&caller), decode(&callee)]
}

fn decode(document: &Value) -> SegmentDocument {
    wire::decode(Bytes::from(document.to_string())).expect("a document written here is well-formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_trace_is_two_segments_of_one_trace() {
        let [shop, stock] = documents(Timestamp::from_seconds(1_700_000_000.0));
        assert_eq!(shop.trace_id, stock.trace_id);
        assert_eq!(stock.entity.parent_id, Some(shop.entity.subsegments[0].id));
        assert!(shop.trace_id.to_string().starts_with("1-6553f100-"));
    }
}
