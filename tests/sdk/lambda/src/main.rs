//! A function that does what its events say, for the tests beside it.

use std::sync::Arc;
use std::time::Duration;

use fluoro_sdk::lambda::FacadeLayer;
use lambda_runtime::tower::Layer as _;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::{Value, json};
use tokio::sync::Barrier;

async fn handle(event: LambdaEvent<Value>, both: Arc<Barrier>) -> Result<Value, Error> {
    let order = event.payload["order"].as_i64().unwrap_or_default();
    match event.payload["do"].as_str() {
        Some("fail") => Err("no such order".into()),
        Some("panic") => panic!("out of paper"),
        // Nobody goes on before two are here.
        Some("meet") => {
            both.wait().await;
            let load = fluoro_sdk::subsegment("load");
            let header = load.scope(async {
                both.wait().await;
                fluoro_sdk::annotate("order", order);
                fluoro_sdk::current_header()
            });
            Ok(json!({ "header": header.await.map(|header| header.to_string()) }))
        }
        _ => {
            fluoro_sdk::subsegment("load").scope(async { fluoro_sdk::annotate("order", order) }).await;
            Ok(json!({ "header": fluoro_sdk::current_header().map(|header| header.to_string()) }))
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let _recorder = fluoro_sdk::Recorder::builder().name("function").install()?;
    let both = Arc::new(Barrier::new(2));
    let handler = service_fn(move |event| handle(event, Arc::clone(&both)));
    // However slow the machine is.
    let layer = FacadeLayer::new().flush_within(Duration::from_secs(60));
    if std::env::var_os("AWS_LAMBDA_MAX_CONCURRENCY").is_some() {
        Runtime::new(layer.layer(handler)).run_concurrent().await
    } else if std::env::var_os("AROUND_THE_RUNTIME").is_some() {
        Runtime::new(handler).layer(layer).run().await
    } else {
        Runtime::new(layer.layer(handler)).run().await
    }
}
