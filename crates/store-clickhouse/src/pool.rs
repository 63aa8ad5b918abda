//! Connections to PostgreSQL, a few at a time.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use parking_lot::Mutex;
use postgres::{Mistake, Server};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::failure::Failure;

/// Workers of shares, the beat and whoever asks have their turns.
const CONNECTIONS: usize = 6;
/// For a connection, and for one call with all its statements.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Pool {
    server: Server,
    idle: Mutex<Vec<Client>>,
    turns: Semaphore,
}

/// A connection that is closed with this unless it is given back: of one that failed or was left in the middle nobody knows
/// what it is in.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    client: Client,
    pool: &'a Pool,
    _turn: SemaphorePermit<'a>,
}

impl Pool {
    pub(crate) fn new(url: &str) -> Result<Self, Mistake> {
        let server = Server::parse(url)?.with(PATIENCE, "fluoro");
        Ok(Self { server, idle: Mutex::default(), turns: Semaphore::new(CONNECTIONS) })
    }

    pub(crate) async fn take(&self) -> Result<Held<'_>, Failure> {
        let turn = self.turns.acquire().await.expect("the pool is not closed");
        loop {
            let Some(client) = self.idle.lock().pop() else { break };
            if !client.is_closed() {
                return Ok(Held { client, pool: self, _turn: turn });
            }
        }
        let client = timed(async { Ok(self.server.connect().await?) }).await?;
        Ok(Held { client, pool: self, _turn: turn })
    }
}

impl Held<'_> {
    pub(crate) fn give_back(self) {
        self.pool.idle.lock().push(self.client);
    }
}

impl Deref for Held<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// A server that hangs must not hold up whoever asks it.
pub(crate) async fn timed<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(PATIENCE, work).await.unwrap_or(Err(Failure::RegisterSilent))
}
