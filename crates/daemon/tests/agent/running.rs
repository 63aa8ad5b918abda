//! An agent in this process, and a sender to it.

use std::net::UdpSocket;
use std::path::Path;

use daemon::agent::Agent;
use daemon::config::{Config, OtlpPort};
use daemon::flags::Flags;

/// A configuration that binds port 0 and sends to these addresses.
pub(crate) fn config(endpoints: &[String]) -> Config {
    let mut config = Config::load(&Flags::default(), &[] as &[&Path]).unwrap();
    "127.0.0.1:0".clone_into(&mut config.udp_address);
    "127.0.0.1:0".clone_into(&mut config.tcp_address);
    // What tests have at the same time must not be the port that everybody knows.
    config.otlp = [OtlpPort::Off, OtlpPort::Off];
    config.endpoints = endpoints.iter().cloned().map(Into::into).collect();
    config
}

/// Starts it in an empty environment.
pub(crate) async fn start(config: &Config) -> Agent {
    Agent::start(config, &|_| None).await.unwrap()
}

pub(crate) struct Sender(UdpSocket);

impl Sender {
    pub(crate) fn to(agent: &Agent) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(agent.udp).unwrap();
        Self(socket)
    }

    pub(crate) fn datagram(&self, datagram: &[u8]) {
        self.0.send(datagram).unwrap();
    }

    pub(crate) fn document(&self, document: &str) {
        self.datagram(format!("{{\"format\":\"json\",\"version\":1}}\n{document}").as_bytes());
    }

    /// Sends documents that tell themselves apart, and gives them, sorted.
    pub(crate) fn documents(&self, range: std::ops::Range<usize>) -> Vec<String> {
        let documents: Vec<String> = range.map(|number| format!("{{\"id\":\"{number:06}\"}}")).collect();
        for document in &documents {
            self.document(document);
        }
        documents
    }
}

/// Waits until a condition holds, which the agent brings about by itself.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("waited in vain until {what}");
}
