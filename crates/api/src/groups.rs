//! The groups that are set up, with their expressions read.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use settings::{GroupRecord, Settings};
use tracing::warn;

use crate::metrics;

/// The groups as the settings have them at the moment, whoever changed these. A cheap clone.
#[derive(Debug, Clone)]
pub struct Groups {
    settings: Settings,
    read: Arc<Mutex<Read>>,
}

/// What was read last, and from what.
#[derive(Debug, Default)]
struct Read {
    records: BTreeMap<String, GroupRecord>,
    groups: Arc<query::Groups>,
}

impl Groups {
    pub fn of(settings: &Settings) -> Self {
        Self { settings: settings.clone(), read: Arc::default() }
    }

    /// As they are now. They are read again where they have changed.
    pub fn now(&self) -> Arc<query::Groups> {
        let state = self.settings.snapshot();
        let mut read = self.read.lock();
        if read.records != state.groups {
            *read = Read { records: state.groups.clone(), groups: Arc::new(read_all(&state.groups)) };
        }
        Arc::clone(&read.groups)
    }

    /// The same question for the digest worker, which knows no settings.
    pub fn ask(&self) -> Arc<dyn Fn() -> Arc<query::Groups> + Send + Sync> {
        let groups = self.clone();
        Arc::new(move || groups.now())
    }
}

fn read_all(records: &BTreeMap<String, GroupRecord>) -> query::Groups {
    let expressions = records.values().filter_map(|record| {
        let expression = record.group.filter_expression.as_deref()?;
        Some((record.key.as_str(), expression))
    });
    let groups = query::Groups::read(expressions);
    for group in groups.excluded() {
        warn!(group, "group takes no traces: its filter names a group that is gone, or cannot be read");
    }
    metrics::EXCLUDED_GROUPS.set(groups.excluded().count() as i64);
    groups
}
