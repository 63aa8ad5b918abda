//! The memory store passes the battery.

use std::sync::Arc;

use async_trait::async_trait;
use store::conformance::Place;
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

store::conformance_tests!(Memory);
