//! How it stands with the PostgreSQL that processes share.

use std::sync::LazyLock;

use prometheus::{IntGauge, register_int_gauge};

const NEVER_TWICE: &str = "the name is registered here alone";

pub(crate) static AWAY: LazyLock<IntGauge> = LazyLock::new(|| {
    let help = "1 while the PostgreSQL that has the settings does not answer.";
    register_int_gauge!("fluoro_settings_away", help).expect(NEVER_TWICE)
});

pub(crate) static ON_DUTY: LazyLock<IntGauge> = LazyLock::new(|| {
    let help = "1 where this process evaluates alarms and insights and tells people; of those with one PostgreSQL one does.";
    register_int_gauge!("fluoro_settings_on_duty", help).expect(NEVER_TWICE)
});
