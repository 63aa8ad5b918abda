//! What both services share: the SDK, set up as its manual says, and a web server.
//!
//! The SDK sends to `AWS_XRAY_DAEMON_ADDRESS`, or to 127.0.0.1:2000: AWS's daemon will do as well as Fluoro.

use std::env;
use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use fluoro_sdk::tower::SegmentLayer;
use fluoro_sdk::{Plugins, Recorder};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serves the routes, whose requests are segments called `name`, until the process is stopped. PORT=0 takes any free
/// port; the line printed names it.
pub async fn serve(name: &'static str, routes: Router, default_port: u16) -> Result<(), Box<dyn Error>> {
    let mut builder = Recorder::builder()
        .name(name)
        .version(env!("CARGO_PKG_VERSION"))
        .plugins(Plugins::detect())
        .streaming(30);
    if env::var("SAMPLING").as_deref() != Ok("central") {
        // The rules of the file decide: health checks are never traced, all else always.
        builder = builder.sampling_rules(include_str!("../sampling-rules.json"));
    }
    // Sends what is left when it is dropped.
    let _recorder = builder.install()?;
    let app = routes.route("/healthcheck", get(|| async { "ok\n" })).layer(SegmentLayer::new());

    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".into());
    let port = env::var("PORT").ok().map_or(Ok(default_port), |port| port.parse())?;
    let listener = TcpListener::bind((host.as_str(), port)).await?;
    println!("ready http={}", listener.local_addr()?);
    let mut stop = signal(SignalKind::terminate())?;
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        _ = stop.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}
