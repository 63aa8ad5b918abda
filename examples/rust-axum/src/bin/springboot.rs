//! The first service of the story: each request makes HTTP calls to the second.

use std::env;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Every call through it is a subsegment and carries the tracing header.
    let client = ClientBuilder::new(reqwest::Client::new()).with(fluoro_sdk::reqwest::Calls::new()).build();
    let routes = Router::new().route("/", get(greet)).route("/visits", get(visits)).with_state(client);
    rust_axum::serve("SpringBoot", routes, 8080).await
}

async fn greet(State(client): State<ClientWithMiddleware>) -> Result<String, StatusCode> {
    fluoro_sdk::user("ada");
    fluoro_sdk::annotate("tenant", "acme");
    fluoro_sdk::metadata_in("story", "purpose", &json!({"words": ["hello", "wörld"]}));
    let mut greetings = String::new();
    for number in 0..3 {
        greetings += &ask(&client, &format!("hello?number={number}")).await?;
    }
    Ok(greetings)
}

async fn visits(State(client): State<ClientWithMiddleware>) -> Result<String, StatusCode> {
    ask(&client, "visits").await
}

async fn ask(client: &ClientWithMiddleware, path: &str) -> Result<String, StatusCode> {
    let second = env::var("SPRINGBOOT2_URL").unwrap_or_else(|_| "http://localhost:8081".into());
    let text = match client.get(format!("{second}/{path}")).send().await {
        Ok(answer) => answer.text().await.map_err(Error::from),
        Err(error) => Err(error),
    };
    text.map_err(|error| {
        // The call has it already; the segment then refers to that.
        fluoro_sdk::error(&error);
        StatusCode::INTERNAL_SERVER_ERROR
    })
}
