//! Connections to PostgreSQL, a few at a time.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use crate::failure::Failure;

/// Workers of shares, the beat and whoever asks have their turns.
const CONNECTIONS: usize = 6;
/// For a connection, and for one call with all its statements.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Pool {
    config: Config,
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
    /// Of a URL that was checked.
    pub(crate) fn new(url: &str) -> Result<Self, tokio_postgres::Error> {
        let mut config: Config = url.parse()?;
        config.connect_timeout(PATIENCE);
        config.tcp_user_timeout(PATIENCE);
        config.keepalives_idle(Duration::from_secs(15));
        if config.get_application_name().is_none() {
            config.application_name("fluoro");
        }
        Ok(Self { config, idle: Mutex::default(), turns: Semaphore::new(CONNECTIONS) })
    }

    pub(crate) async fn take(&self) -> Result<Held<'_>, Failure> {
        let turn = self.turns.acquire().await.expect("the pool is not closed");
        loop {
            let Some(client) = self.idle.lock().pop() else { break };
            if !client.is_closed() {
                return Ok(Held { client, pool: self, _turn: turn });
            }
        }
        let (client, connection) = timed(async { Ok(self.config.connect(NoTls).await?) }).await?;
        tokio::spawn(async move {
            // What goes wrong with it is told to whoever uses it.
            let _ = connection.await;
        });
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
