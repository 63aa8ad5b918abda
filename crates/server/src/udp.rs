//! The UDP door: datagrams of the X-Ray daemon protocol, straight from SDKs, by the agent's receive loop.
//!
//! It never waits for anything but the socket; what the pipeline cannot take is dropped there and counted.

use std::io;
use std::net::UdpSocket;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use door::udp::Receive;
use ingest::Ingest;
use ingest::refusals::{Door, Refusal, excerpt};
use model::Clock;
use otlp::Taken;
use otlp::text::{BadText, Text};
use prometheus::{IntCounter, register_int_counter};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use wire::frame::{self, FrameError};

static DROPPED: LazyLock<IntCounter> = LazyLock::new(|| {
    register_int_counter!(
        "fluoro_udp_kernel_drops_total",
        "Datagrams that the kernel dropped since the receive buffer was full."
    )
    .expect("the name is registered here alone")
});

/// Starts to receive. What is given back tells when the door is closed, after a shutdown.
pub(crate) fn start(
    socket: UdpSocket,
    ingest: Ingest,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> io::Result<oneshot::Receiver<()>> {
    // So that the metric is there, with zero, from the start.
    LazyLock::force(&DROPPED);
    door::udp::start(socket, Receiver { ingest, clock }, shutdown)
}

struct Receiver {
    ingest: Ingest,
    clock: Arc<dyn Clock>,
}

impl Receive for Receiver {
    fn datagram(&mut self, datagram: &[u8]) {
        let document = match frame::split(datagram) {
            Ok(document) => document,
            // The AWS daemon neither logs nor counts it; health checks of load balancers send such.
            Err(FrameError::Empty) => return,
            Err(error) => return self.refuse(datagram, frame_reason(error), error.to_string()),
        };
        if let Some(spans) = otlp::text::decode(document) {
            return self.spans(document, spans);
        }
        // A copy of its own: a slice of a larger buffer would keep all of that in memory.
        match wire::receive(Bytes::copy_from_slice(document)) {
            Ok(received) => {
                self.ingest.count_mended(Door::Udp, usize::from(received.was_mended));
                self.ingest.offer(Door::Udp, received.document);
            }
            Err(reject) => self.refuse(document, &reject.code.to_string(), reject.detail),
        }
    }

    fn dropped(&mut self, datagrams: u64) {
        DROPPED.inc_by(datagrams);
        warn!(dropped = datagrams, "kernel dropped datagrams: they came faster than they were read");
    }
}

impl Receiver {
    /// What AWS's distributions of OpenTelemetry send from a Lambda function.
    fn spans(&self, input: &[u8], spans: Result<Text, BadText>) {
        match spans {
            Ok(Text::Spans(Taken { documents, rejects })) => {
                for document in documents {
                    self.ingest.offer(Door::Udp, document);
                }
                for (reject, count) in rejects.reasons() {
                    let refusal = self.refusal(input, reject.reason(), reject.to_string());
                    self.ingest.refusals().record_several(refusal, *count);
                }
            }
            Ok(Text::Unsampled) => {
                self.refuse(input, "unsampled_spans", "spans of a request that is not sampled".to_owned());
            }
            Ok(Text::Metrics) => self.refuse(input, "metrics", "metrics are not kept".to_owned()),
            Err(error) => self.refuse(input, "not_otlp", error.to_string()),
        }
    }

    fn refuse(&self, input: &[u8], reason: &str, detail: String) {
        debug!(reason, detail, "refused a datagram");
        self.ingest.refusals().record_input(self.refusal(input, reason, detail), input);
    }

    fn refusal(&self, input: &[u8], reason: &str, detail: String) -> Refusal {
        Refusal {
            at: self.clock.now(),
            door: Door::Udp,
            reason: reason.to_owned(),
            detail,
            excerpt: excerpt(input),
        }
    }
}

fn frame_reason(error: FrameError) -> &'static str {
    match error {
        FrameError::Empty => "Empty",
        FrameError::MissingHeader => "MissingHeader",
        FrameError::MissingDocument => "MissingDocument",
        FrameError::InvalidHeader => "InvalidHeader",
    }
}
