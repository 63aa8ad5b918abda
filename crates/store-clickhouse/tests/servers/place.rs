//! Databases of their own on the servers that `scripts/clickhouse` starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use model::Timestamp;
use store::conformance::Place;
use store::{StoreError, TraceStore};
use store_clickhouse::{ClickHouseStore, Config};
use tokio_postgres::NoTls;

pub(crate) struct Cluster {
    pub(crate) config: Config,
    /// Without a database.
    pub(crate) postgres: String,
    name: String,
}

static MADE: AtomicU32 = AtomicU32::new(0);

impl Cluster {
    /// On one ClickHouse server.
    pub(crate) async fn new(shares: u16) -> Self {
        Self::at(&variable("FLUORO_TEST_CLICKHOUSE"), shares).await
    }

    /// On several that are replicas of each other.
    pub(crate) async fn replicated(shares: u16) -> Self {
        Self::at(&variable("FLUORO_TEST_REPLICAS"), shares).await
    }

    async fn at(clickhouse: &str, shares: u16) -> Self {
        let postgres = variable("FLUORO_TEST_POSTGRES");
        let name = format!("fluoro_test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        order(&format!("{postgres}/postgres"), &format!("CREATE DATABASE {name}")).await;
        let (servers, cluster) = clickhouse.split_once('?').unwrap_or((clickhouse, ""));
        let store = format!("{servers}/{name}?shares={shares}&{cluster}");
        let mut config = Config::parse(&store, &format!("{postgres}/{name}")).expect("the URLs are right");
        config.pace = Duration::from_millis(5);
        Self { config, postgres, name }
    }

    /// One more process.
    pub(crate) async fn join(&self) -> Result<ClickHouseStore, StoreError> {
        ClickHouseStore::open(self.config.clone(), now()).await
    }
}

#[async_trait]
impl Place for Cluster {
    async fn open(&self) -> Result<Arc<dyn TraceStore>, StoreError> {
        Ok(Arc::new(self.join().await?))
    }

    fn persists(&self) -> bool {
        true
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let (config, postgres, name) = (self.config.clone(), self.postgres.clone(), self.name.clone());
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime is made");
            runtime.block_on(async {
                // Left over, it harms nobody.
                let _ = store_clickhouse::remove(&config).await;
                order(&format!("{postgres}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)")).await;
            });
        });
        let _ = cleaning.join();
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: scripts/clickhouse start prints it"))
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
    Timestamp(since.as_micros() as i64)
}

pub(crate) async fn order(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("PostgreSQL answers");
    tokio::spawn(connection);
    client.batch_execute(sql).await.expect("PostgreSQL does it");
}
