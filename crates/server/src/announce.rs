//! What people and scripts are told once everything listens.

use tracing::warn;

use crate::address::{is_exposed, reachable};
use crate::config::{Config, Demo, StoreChoice};
use crate::server::Server;

/// Warns of what strangers can do, and gives the lines for standard output: one for people, one for scripts.
pub fn announce(config: &Config, server: &Server) -> String {
    warn_of_strangers(config, server);
    let (http, udp) = (server.doors.http, server.doors.udp);
    let keeps = match &config.store {
        StoreChoice::Local(directory) => format!("traces are kept in {}", directory.display()),
        StoreChoice::ClickHouse(store) => {
            format!("traces are kept in {}, settings in PostgreSQL", store.place())
        }
        StoreChoice::Memory => "traces are kept in memory until it stops".to_owned(),
    };
    let (console, daemon) = (reachable(http), reachable(udp));
    let ports = [("otlp_grpc", server.doors.otlp_grpc), ("otlp_http", server.doors.otlp_http)];
    let otlp: String = ports.iter().filter_map(|(name, at)| at.map(|at| format!(" {name}={at}"))).collect();
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let outage = match config.demo {
        Demo::Outage => {
            "The demo breaks by itself: in 30 s SpringBoot2 goes away for 150 s, and again every 330 s. The first page says \
             so within a second, and so does `fluoro issues`.\n"
        }
        Demo::Off | Demo::Calm => "",
    };
    format!(
        "Fluoro listens: console at {scheme}://{console}/, X-Ray SDKs at AWS_XRAY_DAEMON_ADDRESS={daemon}; {keeps}\n{outage}\
         ready http={http} udp={udp}{otlp}\n"
    )
}

fn warn_of_strangers(config: &Config, server: &Server) {
    let (http, udp) = (server.doors.http, server.doors.udp);
    if is_exposed(http) && !config.keeps_strangers_out() {
        warn!(
            %http,
            "ANYBODY WHO CAN REACH THIS ADDRESS CAN READ AND WRITE ALL TRACES: ask for keys with --auth on, \
             listen on 127.0.0.1, or keep others away with a firewall"
        );
    }
    if is_exposed(http) && config.auth && config.tls.is_none() {
        warn!(
            %http,
            "traces and console tokens cross the network unencrypted: give --tls-cert and --tls-key, or put a \
             proxy with TLS in front"
        );
    }
    for otlp in [server.doors.otlp_grpc, server.doors.otlp_http].into_iter().flatten() {
        if is_exposed(otlp) && !config.keeps_strangers_out() {
            warn!(%otlp, "ANYBODY WHO CAN REACH THIS ADDRESS CAN SEND SPANS: ask for keys with --auth on");
        }
    }
    if is_exposed(udp) && config.keeps_strangers_out() {
        warn!(%udp, "ANYBODY WHO CAN REACH THIS ADDRESS CAN SEND SEGMENTS: datagrams show neither key nor certificate");
    }
}
