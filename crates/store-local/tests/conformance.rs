//! The local store passes the battery, from the buffer and from parts.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use store::conformance::Place;
use store::{StoreError, TraceStore};
use store_local::{Config, LocalStore};
use tempfile::TempDir;

struct Directory {
    directory: TempDir,
    config: Config,
}

impl Directory {
    fn new(configure: impl Fn(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::new(directory.path());
        configure(&mut config);
        Self { directory, config }
    }
}

#[async_trait]
impl Place for Directory {
    async fn open(&self) -> Result<Arc<dyn TraceStore>, StoreError> {
        assert!(self.directory.path().is_dir());
        Ok(Arc::new(LocalStore::open(self.config.clone())?))
    }

    fn persists(&self) -> bool {
        true
    }
}

/// Everything stays in the log and the buffer.
mod buffered {
    use super::Directory;

    store::conformance_tests!(Directory::new(|_| {}));
}

/// Everything that is digested goes to parts when the store is closed.
mod flushed_on_close {
    use super::Directory;

    store::conformance_tests!(Directory::new(|config| config.flush_min_bytes = 1));
}

/// Everything that is digested goes to parts as soon as it is there, and log files are short.
mod flushed_at_once {
    use super::{Directory, Duration};

    store::conformance_tests!(Directory::new(|config| {
        config.flush_bytes = 1;
        config.flush_min_bytes = 1;
        config.flush_age = Duration::ZERO;
        config.log_file_bytes = 1;
    }));
}
