//! Datagrams that the kernel dropped because the receive buffer was full, as Linux tells in `/proc`.

use std::fs;
use std::os::fd::AsRawFd;
use std::time::Duration;

use tokio::net::UdpSocket;

/// How often the kernel is asked. The table has one line for each UDP socket of the machine.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);
const TABLES: [&str; 2] = ["/proc/self/net/udp", "/proc/self/net/udp6"];
/// Columns of the tables: <https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt>; UDP has its
/// drops in the last one.
const INODE_COLUMN: usize = 9;
const DROPS_COLUMN: usize = 12;

/// The drops of one socket. It counts nothing where `/proc` is not there.
#[derive(Debug)]
pub(super) struct Drops {
    inode: Option<String>,
    seen: u64,
}

impl Drops {
    pub(super) fn of(socket: &UdpSocket) -> Self {
        let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok();
        let inode = link.and_then(|link| {
            let name = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(name.to_owned())
        });
        Self { inode, seen: 0 }
    }

    /// What was dropped since the last call.
    pub(super) fn since_last(&mut self) -> u64 {
        let Some(inode) = &self.inode else { return 0 };
        let tables = TABLES.into_iter().filter_map(|path| fs::read_to_string(path).ok());
        let Some(total) = tables.filter_map(|table| drops(&table, inode)).next() else { return 0 };
        let new = total.saturating_sub(self.seen);
        self.seen = total;
        new
    }
}

fn drops(table: &str, inode: &str) -> Option<u64> {
    let columns = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut own = columns.filter(|columns| columns.get(INODE_COLUMN) == Some(&inode));
    own.next()?.get(DROPS_COLUMN)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_found_by_its_inode() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  351: 0100007F:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 24674 2 0000000000000000 417
  352: 0100007F:07D1 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 24675 2 0000000000000000 0\n";
        assert_eq!(drops(table, "24674"), Some(417));
        assert_eq!(drops(table, "24675"), Some(0));
        assert_eq!(drops(table, "2467"), None);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_burst_beyond_the_buffer_is_seen_once() {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = UdpSocket::from_std(socket.into()).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut drops = Drops::of(&socket);
        for _ in 0..100 {
            sender.send_to(&[0; 1_000], socket.local_addr().unwrap()).await.unwrap();
        }
        assert!((1..100).contains(&drops.since_last()));
        assert_eq!(drops.since_last(), 0);
    }
}
