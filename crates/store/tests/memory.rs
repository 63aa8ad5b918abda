//! The memory store passes the battery, by itself and as a cluster.

use std::sync::Arc;

use async_trait::async_trait;
use store::conformance::Place;
use store::memory::MemoryCluster;
use store::{MemoryStore, StoreError, TraceStore};

struct Memory;

#[async_trait]
impl Place for Memory {
    async fn open(&self) -> Result<Arc<dyn TraceStore>, StoreError> {
        Ok(Arc::new(MemoryStore::new()))
    }

    fn persists(&self) -> bool {
        false
    }
}

mod alone {
    use super::Memory;

    store::conformance_tests!(Memory);
}

/// Opened again it is another process, with lanes of its own.
struct Cluster(MemoryCluster);

#[async_trait]
impl Place for Cluster {
    async fn open(&self) -> Result<Arc<dyn TraceStore>, StoreError> {
        Ok(Arc::new(self.0.join()))
    }

    fn persists(&self) -> bool {
        true
    }
}

mod cluster {
    use super::{Cluster, MemoryCluster};

    store::conformance_tests!(Cluster(MemoryCluster::new(7)));
}
