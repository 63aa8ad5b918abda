//! The servers of a store, asked as one: of several replicas a process has one as its *home*, writes to it and reads from it, and goes over
//! to another when it does not answer.
//!
//! CH-3: a replica becomes home only once it has all that was kept anywhere before that (`SYSTEM SYNC REPLICA`, a barrier in
//! Keeper). So a process reads what it was told is kept, wherever that was; and a share that is taken over is read as its last
//! owner left it, since the barrier is passed again before its worker begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Mutex, watch};
use tracing::warn;

use crate::config::{Acks, Config};
use crate::failure::Failure;
use crate::node::{Asks, Node};

pub(crate) const TABLES: [&str; 3] = ["documents", "traces", "minutes"];
/// Where acknowledged rows must not be lost with a machine.
const SAFE_COPIES: usize = 2;
/// Between two attempts to find another home.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Clone)]
pub(crate) struct ClickHouse {
    replicas: Arc<Replicas>,
    pub(crate) database: String,
    /// Its name, where tables are replicated.
    pub(crate) cluster: Option<String>,
}

#[derive(Debug)]
struct Replicas {
    nodes: Vec<Node>,
    /// Which of them.
    home: watch::Sender<usize>,
    /// When no other home was found. Held while one is looked for.
    sought: Mutex<Option<Instant>>,
    /// On so many of them is a block that is kept, at least.
    least: usize,
    /// So many keep up, as was seen last.
    live: AtomicUsize,
}

impl ClickHouse {
    pub(crate) fn new(config: &Config) -> Result<Self, std::io::Error> {
        let nodes: Result<Vec<Node>, _> = config.nodes.iter().map(|name| Node::new(config, name)).collect();
        let nodes = nodes?;
        let least = match config.acks {
            Acks::Safe => SAFE_COPIES.min(nodes.len()),
            Acks::Available => 1,
        };
        let replicas = Replicas {
            nodes,
            home: watch::Sender::new(0),
            sought: Mutex::default(),
            least,
            live: AtomicUsize::new(0),
        };
        Ok(Self {
            replicas: Arc::new(replicas),
            database: config.database.clone(),
            cluster: config.cluster.clone(),
        })
    }

    /// The answer to a question, in the format that it names.
    pub(crate) async fn ask(&self, sql: String) -> Result<Bytes, Failure> {
        self.read(Asks::Once, sql.into()).await
    }

    /// The same of a question that comes again and again.
    pub(crate) async fn poll(&self, sql: String) -> Result<Bytes, Failure> {
        self.read(Asks::Often, sql.into()).await
    }

    /// Does what changes the schema, which replicas tell each other.
    pub(crate) async fn order(&self, sql: String) -> Result<Bytes, Failure> {
        self.nodes()[self.home()].order(sql).await
    }

    /// Keeps rows, once for each token, on as many replicas as there are to keep them. `into` names table and columns.
    pub(crate) async fn insert(&self, into: &str, token: &str, rows: Bytes) -> Result<(), Failure> {
        let (home, copies) = (self.home(), self.live().max(self.replicas.least));
        let inserted = self.while_home(home, self.nodes()[home].insert(into, token, copies, rows)).await;
        if inserted.as_ref().is_err_and(Failure::is_of_the_server) {
            // The caller repeats it, there or here.
            self.leave(home).await;
        }
        inserted
    }

    /// Keeps rows of which an earlier attempt may have kept some or all.
    ///
    /// A repetition alone would not do. When the only replica with a block dies before others have fetched it, ClickHouse gives the block
    /// up once Keeper counts that replica as gone, forgets its name, and answers whoever repeats it and waits for its copies that
    /// they are there. So a repetition counts only where home knows what became of all that came before; and is made once more,
    /// since the attempt before may have come through in between, at a server that had been left.
    pub(crate) async fn insert_again(&self, into: &str, token: &str, rows: Bytes) -> Result<(), Failure> {
        let is_replicated = self.cluster.is_some();
        for _ in 0..if is_replicated { 2 } else { 1 } {
            self.catch_up().await?;
            self.insert(into, token, rows.clone()).await?;
        }
        self.catch_up().await
    }

    /// Waits until home has all that is kept.
    pub(crate) async fn catch_up(&self) -> Result<(), Failure> {
        let home = self.home();
        let caught_up = self.while_home(home, self.catch_up_at(home)).await;
        if caught_up.as_ref().is_err_and(Failure::is_of_the_server) {
            self.leave(home).await;
        }
        caught_up
    }

    /// Begins with one of these, that has everything; the others are further choices.
    pub(crate) async fn settle(&self, among: &[usize]) -> Result<(), Failure> {
        self.set_live(among.len());
        let mut settled = Ok(());
        for &node in among {
            settled = self.catch_up_at(node).await;
            if settled.is_ok() {
                self.replicas.home.send_replace(node);
                break;
            }
        }
        settled
    }

    /// Spreads processes over replicas.
    pub(crate) async fn prefer(&self, process: u32) {
        let node = process as usize % self.nodes().len();
        if node != self.home() && self.catch_up_at(node).await.is_ok() {
            self.replicas.home.send_replace(node);
        }
    }

    /// Goes over to another replica that has everything. False where there is none, and `from` stays home.
    pub(crate) async fn leave(&self, from: usize) -> bool {
        let mut sought = self.replicas.sought.lock().await;
        if self.home() != from {
            return true;
        }
        if sought.is_some_and(|sought| sought.elapsed() < PAUSE) {
            return false;
        }
        let count = self.nodes().len();
        for node in (1..count).map(|step| (from + step) % count) {
            if self.catch_up_at(node).await.is_ok() {
                let (left, home) = (&self.nodes()[from].name, &self.nodes()[node].name);
                warn!(left, home, "goes over to another replica of ClickHouse");
                self.replicas.home.send_replace(node);
                return true;
            }
        }
        *sought = Some(Instant::now());
        false
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.replicas.nodes
    }

    pub(crate) fn home(&self) -> usize {
        *self.replicas.home.borrow()
    }

    /// So many replicas keep up.
    pub(crate) fn live(&self) -> usize {
        self.replicas.live.load(Ordering::Relaxed)
    }

    pub(crate) fn set_live(&self, live: usize) {
        self.replicas.live.store(live, Ordering::Relaxed);
    }

    async fn read(&self, asks: Asks, sql: Bytes) -> Result<Bytes, Failure> {
        let home = self.home();
        let answer = self.while_home(home, self.nodes()[home].read(asks, sql.clone())).await;
        if !answer.as_ref().is_err_and(Failure::is_of_the_server) || !self.leave(home).await {
            return answer;
        }
        self.nodes()[self.home()].read(asks, sql).await
    }

    async fn catch_up_at(&self, node: usize) -> Result<(), Failure> {
        if self.cluster.is_none() {
            return Ok(());
        }
        let node = &self.nodes()[node];
        let [documents, traces, minutes] = TABLES.map(|table| node.sync(table));
        tokio::try_join!(documents, traces, minutes).map(drop)
    }

    /// Does not wait for a server that hangs once it is left.
    async fn while_home<T>(
        &self,
        home: usize,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut homes = self.replicas.home.subscribe();
        tokio::select! {
            done = work => done,
            _ = homes.wait_for(|now| *now != home) => {
                Err(self.nodes()[home].lost(std::io::Error::other("it was left for another replica")))
            }
        }
    }
}
