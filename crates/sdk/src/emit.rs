//! Where documents go: to a daemon by UDP, into memory for tests, or to whatever an application has.

use std::fmt::Debug;
use std::io;
use std::net::{ToSocketAddrs, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::address::HostPort;
use crate::cell::lock;

/// What stands before each document of a datagram.
pub(crate) const FRAME: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";

/// A document as it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    datagram: &'a [u8],
}

impl<'a> Document<'a> {
    /// `datagram` begins with the frame's line.
    pub(crate) fn new(datagram: &'a [u8]) -> Self {
        debug_assert!(datagram.starts_with(FRAME), "the frame's line comes first");
        Self { datagram }
    }

    /// With the line of the daemon's protocol before it.
    pub fn datagram(&self) -> &'a [u8] {
        self.datagram
    }

    /// The document itself: one line of JSON.
    pub fn json(&self) -> &'a [u8] {
        self.datagram.get(FRAME.len()..).unwrap_or_default()
    }
}

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmitOutcome {
    /// It is on its way.
    Sent,
    /// It is larger than what can be sent at once: it will come again in smaller parts.
    TooLarge,
    /// Nobody listens.
    Refused,
    /// It could not be sent.
    Failed,
}

/// Takes documents, one after the other, on the background thread.
///
/// ```
/// use fluoro_sdk::{Document, Emit, EmitOutcome};
///
/// #[derive(Debug)]
/// struct Print;
///
/// impl Emit for Print {
///     fn emit(&self, document: Document<'_>) -> EmitOutcome {
///         println!("{}", String::from_utf8_lossy(document.json()));
///         EmitOutcome::Sent
///     }
/// }
///
/// let recorder = fluoro_sdk::Recorder::builder().name("orders").emitter(Print).build()?;
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub trait Emit: Debug + Send + Sync {
    /// Sends one document. It may wait; what comes meanwhile waits in a queue that is bounded.
    fn emit(&self, document: Document<'_>) -> EmitOutcome;
}

/// Keeps documents in memory, for tests. Clones share them.
///
/// ```
/// use fluoro_sdk::{Memory, Recorder};
/// let documents = Memory::default();
/// let recorder = Recorder::builder().emitter(documents.clone()).build()?;
/// recorder.segment("orders").sampled(true).run(|| ());
/// recorder.flush(std::time::Duration::from_secs(5));
/// assert_eq!(documents.json().len(), 1);
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<String>>>);

impl Memory {
    /// More are not kept; the memory of a test is bounded too.
    const MAX_DOCUMENTS: usize = 100_000;

    /// Each document so far, as JSON.
    pub fn json(&self) -> Vec<String> {
        lock(&self.0).clone()
    }
}

impl Emit for Memory {
    fn emit(&self, document: Document<'_>) -> EmitOutcome {
        let mut documents = lock(&self.0);
        if documents.len() >= Self::MAX_DOCUMENTS {
            return EmitOutcome::Failed;
        }
        documents.push(String::from_utf8_lossy(document.json()).into_owned());
        EmitOutcome::Sent
    }
}

/// Sends to a daemon: AWS's, the CloudWatch agent, or Fluoro.
#[derive(Debug)]
pub(crate) struct Udp {
    to: HostPort,
    socket: Mutex<Option<Connected>>,
}

#[derive(Debug)]
struct Connected {
    socket: UdpSocket,
    since: Instant,
}

impl Udp {
    /// A name is looked up again after so long, and whenever nobody listens: daemons move.
    const LOOK_UP_AGAIN: Duration = Duration::from_secs(60);

    pub(crate) fn new(to: HostPort) -> Self {
        Self { to, socket: Mutex::new(None) }
    }

    fn connect(&self) -> io::Result<Connected> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in self.to.as_pair().to_socket_addrs()? {
            let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            // Connected, so that the kernel tells when nobody listens.
            match UdpSocket::bind(any).and_then(|socket| socket.connect(address).map(|()| socket)) {
                Ok(socket) => return Ok(Connected { socket, since: Instant::now() }),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        let mut slot = lock(&self.socket);
        let connected = match slot.take().filter(|connected| connected.since.elapsed() < Self::LOOK_UP_AGAIN)
        {
            Some(connected) => connected,
            None => self.connect()?,
        };
        let sent = connected.socket.send(datagram).map(|_| ());
        let is_gone = matches!(&sent, Err(error) if error.kind() == io::ErrorKind::ConnectionRefused);
        if !is_gone {
            *slot = Some(connected);
        }
        sent
    }
}

impl Emit for Udp {
    fn emit(&self, document: Document<'_>) -> EmitOutcome {
        let outcome = |sent: io::Result<()>| match sent {
            Ok(()) => EmitOutcome::Sent,
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => EmitOutcome::Refused,
            Err(error) if is_too_large(&error) => EmitOutcome::TooLarge,
            Err(error) => {
                log::debug!(target: "fluoro_sdk", "cannot send to {}: {error}", self.to);
                EmitOutcome::Failed
            }
        };
        match outcome(self.send(document.datagram())) {
            // That is the answer to the datagram before: this one was not sent yet.
            EmitOutcome::Refused => match outcome(self.send(document.datagram())) {
                EmitOutcome::Sent => EmitOutcome::Refused,
                other => other,
            },
            other => other,
        }
    }
}

/// `EMSGSIZE`, which std gives no kind.
fn is_too_large(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    if cfg!(windows) {
        return code == Some(10_040);
    }
    code == Some(if cfg!(target_os = "linux") { 90 } else { 40 })
}
