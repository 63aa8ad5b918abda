//! The doors while they are open: UDP, HTTP, and the demo that comes in by the first of them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use door::connections::Connections;
use door::limits::Limits;
use door::proxies::Proxies;
use ingest::Ingest;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{error, warn};

use crate::access::Access;
use crate::address::reachable;
use crate::config::Demo;
use crate::ground::Ground;
use crate::listen::Sockets;
use crate::stop::{Deadline, StopError};
use crate::{demo, http, udp};

/// Dropping it closes them, and waits for nothing.
#[derive(Debug)]
pub struct Doors {
    pub http: SocketAddr,
    pub udp: SocketAddr,
    /// For OTLP alone, where they are open.
    pub otlp_grpc: Option<SocketAddr>,
    pub otlp_http: Option<SocketAddr>,
    udp_closed: oneshot::Receiver<()>,
    tasks: Vec<JoinHandle<()>>,
    stop: DropGuard,
}

/// What an open door needs behind it.
pub(crate) struct Behind<'a> {
    pub(crate) ground: &'a Ground,
    pub(crate) ingest: &'a Ingest,
    pub(crate) router: Router,
    pub(crate) access: &'a Access,
    pub(crate) limits: Limits,
    pub(crate) proxies: Proxies,
}

impl Doors {
    /// `stop` is what the router's long answers heed, too.
    pub(crate) fn open(
        sockets: Sockets,
        behind: Behind<'_>,
        demo: Demo,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let Behind { ground, ingest, router, access, limits, proxies } = behind;
        let (http, udp) = (sockets.http, sockets.udp);
        let udp_closed =
            udp::start(sockets.datagrams, ingest.clone(), Arc::clone(&ground.clock), stop.clone())?;
        let mut tasks = access.follow_files(&stop);
        let connections = Connections::new(limits.connections, proxies.clone());
        let tls = access.tls();
        let door = http::Door { router, tls, is_otlp_only: false, connections, limits, proxies };
        let [otlp_grpc, otlp_http] = sockets.otlp.map(|port| {
            let (listener, address) = port?;
            let door = http::Door { is_otlp_only: true, ..door.clone() };
            tasks.push(tokio::spawn(http::serve(listener, door, stop.clone())));
            Some(address)
        });
        tasks.push(tokio::spawn(http::serve(sockets.connections, door, stop.clone())));
        if demo != Demo::Off {
            tasks.push(tokio::spawn(play_demo(udp, demo == Demo::Outage, stop.clone())));
        }
        Ok(Self { http, udp, otlp_grpc, otlp_http, udp_closed, tasks, stop: stop.drop_guard() })
    }

    /// Closes them, and answers what is in flight.
    pub(crate) async fn close(self, deadline: Deadline) -> Result<(), StopError> {
        drop(self.stop);
        if deadline.within("the UDP door", self.udp_closed).await?.is_err() {
            error!("UDP door panicked");
        }
        for task in self.tasks {
            if let Err(error) = deadline.within("requests in flight", task).await? {
                error!(%error, "door panicked");
            }
        }
        Ok(())
    }
}

/// The demo speaks to the server's own door, as any other sender would.
async fn play_demo(udp: SocketAddr, outage: bool, shutdown: CancellationToken) {
    let endpoint = reachable(udp).to_string();
    let args = demo::Args { endpoint, outage, quiet: true, ..demo::Args::default() };
    if let Err(error) = demo::run(args, demo::Colour::Off, shutdown).await {
        warn!(error = format!("{error:#}"), "demo ended");
    }
}
