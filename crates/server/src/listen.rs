//! The sockets: UDP and TCP on one address, bound together or not at all.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tracing::warn;

use crate::config::{Config, OtlpPort};

/// Connections that wait to be accepted; the kernel cuts it to `net.core.somaxconn`.
const BACKLOG: i32 = 1_024;

/// Bound, and nobody takes anything from them yet.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) connections: TcpListener,
    /// Not registered with a runtime yet; `udp` has its own.
    pub(crate) datagrams: UdpSocket,
    /// Where they listen.
    pub(crate) http: SocketAddr,
    pub(crate) udp: SocketAddr,
    /// For OTLP alone: that for gRPC, that for HTTP.
    pub(crate) otlp: [Option<(TcpListener, SocketAddr)>; 2],
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({protocol}): {remedy}")]
pub struct ListenError {
    address: SocketAddr,
    protocol: &'static str,
    remedy: String,
    source: io::Error,
}

impl Sockets {
    pub(crate) fn bind(config: &Config) -> Result<Self, ListenError> {
        let mut sockets = Self::bind_at(config.bind, udp_ip(config))?;
        sockets.otlp = [bind_otlp(config.otlp_grpc, "otlp-grpc")?, bind_otlp(config.otlp_http, "otlp-http")?];
        Ok(sockets)
    }

    /// Port 0 takes a free port, the same for both where that is possible.
    fn bind_at(address: SocketAddr, udp_ip: IpAddr) -> Result<Self, ListenError> {
        let failed_tcp = |source| ListenError::new(address, "TCP", source);
        let connections = bind_tcp(address).map_err(failed_tcp)?;
        let http = connections.local_addr().map_err(failed_tcp)?;
        let at = |port| SocketAddr::new(udp_ip, port);
        let failed_udp = |source| ListenError::new(at(http.port()), "UDP", source);
        let datagrams = match door::udp::bind(at(http.port())) {
            Err(error) if address.port() == 0 && error.kind() == io::ErrorKind::AddrInUse => {
                door::udp::bind(at(0))
            }
            bound => bound,
        };
        let datagrams = datagrams.map_err(failed_udp)?;
        let udp = datagrams.local_addr().map_err(failed_udp)?;
        Ok(Self { connections, datagrams, http, udp, otlp: [None, None] })
    }
}

/// Where UDP listens: with TCP, except that where strangers are kept out it stays on this machine unless told otherwise,
/// since a datagram shows neither key nor certificate.
fn udp_ip(config: &Config) -> IpAddr {
    match config.bind.ip().to_canonical() {
        bound if !config.keeps_strangers_out() || config.udp_open || bound.is_loopback() => config.bind.ip(),
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

impl ListenError {
    fn new(address: SocketAddr, protocol: &'static str, source: io::Error) -> Self {
        let remedy = match source.kind() {
            io::ErrorKind::AddrInUse => {
                "another process listens there; is it an X-Ray daemon or another fluoro? Stop it, or choose \
                 another address with --bind"
                    .to_owned()
            }
            io::ErrorKind::AddrNotAvailable => "this machine does not have that address".to_owned(),
            io::ErrorKind::PermissionDenied => "ports below 1024 need special rights".to_owned(),
            _ => source.to_string(),
        };
        Self { address, protocol, remedy, source }
    }
}

fn bind_otlp(port: OtlpPort, flag: &str) -> Result<Option<(TcpListener, SocketAddr)>, ListenError> {
    let address = match port {
        OtlpPort::Off => return Ok(None),
        OtlpPort::Usual(address) | OtlpPort::Given(address) => address,
    };
    let bound = bind_tcp(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
    match (bound, port) {
        (Ok((at, listener)), _) => Ok(Some((listener, at))),
        (Err(error), OtlpPort::Usual(_)) => {
            let remedy = format!("close it with --{flag} off, or give another; port 2000 takes OTLP as well");
            warn!(%address, %error, remedy, "another process has the usual port for OTLP");
            Ok(None)
        }
        (Err(source), _) => Err(ListenError {
            remedy: format!("{source}; choose another address with --{flag}, or off"),
            address,
            protocol: "OTLP",
            source,
        }),
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Lets a restarted server listen although connections of the one before are in TIME_WAIT. On Unix it
    // does not let two processes listen at once.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use crate::config::ServeFlags;

    use super::*;

    fn open(address: SocketAddr) -> Result<Sockets, ListenError> {
        Sockets::bind_at(address, address.ip())
    }

    #[test]
    fn with_certificates_of_clients_udp_stays_on_this_machine() {
        let text = |text: &str| Some(text.to_owned());
        let flags = |client_ca: &str| ServeFlags {
            bind: text("0.0.0.0:2000"),
            data_dir: text("/data"),
            tls_cert: text("/tls/tls.crt"),
            tls_key: text("/tls/tls.key"),
            tls_client_ca: text(client_ca).filter(|path| !path.is_empty()),
            ..ServeFlags::default()
        };
        for (client_ca, expected) in [("", "0.0.0.0"), ("/tls/ca.crt", "127.0.0.1")] {
            let config = Config::load(&flags(client_ca), &|_| None).unwrap();
            assert_eq!(udp_ip(&config).to_string(), expected, "{client_ca}");
        }
    }

    #[test]
    fn with_authentication_udp_stays_on_this_machine_unless_told_otherwise() {
        let check = |bind: &str, auth: &str, udp_open: &str, expected: &str| {
            let text = |text: &str| Some(text.to_owned());
            let flags = ServeFlags {
                bind: text(bind),
                auth: text(auth),
                udp_open: text(udp_open),
                data_dir: text("/data"),
                ..ServeFlags::default()
            };
            let config = Config::load(&flags, &|_| None).unwrap();
            assert_eq!(udp_ip(&config).to_string(), expected, "{bind}");
        };
        check("0.0.0.0:2000", "off", "false", "0.0.0.0");
        check("0.0.0.0:2000", "on", "false", "127.0.0.1");
        check("0.0.0.0:2000", "on", "true", "0.0.0.0");
        check("127.0.0.2:2000", "on", "false", "127.0.0.2");
        check("[::]:2000", "on", "false", "::1");
        check("[::]:2000", "on", "true", "::");
    }

    #[tokio::test]
    async fn port_zero_gives_both_doors_one_port() {
        let sockets = open("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_ne!(sockets.http.port(), 0);
        assert_ne!(sockets.udp.port(), 0);
    }

    #[tokio::test]
    async fn a_port_in_use_is_told_with_what_to_do() {
        let check = |taken: SocketAddr, expected: &str| {
            let error = open(taken).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("cannot listen on {taken} ({expected}): another process")),
                "{error}"
            );
        };
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        check(tcp.local_addr().unwrap(), "TCP");
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        check(udp.local_addr().unwrap(), "UDP");
    }
}
