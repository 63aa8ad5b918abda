//! How it stands with the replicas of ClickHouse.

use std::sync::LazyLock;

use prometheus::{IntGauge, register_int_gauge};

pub(crate) static REPLICAS_OUT: LazyLock<IntGauge> = LazyLock::new(|| {
    let help = "Replicas of ClickHouse that do not answer, are read-only or are late.";
    register_int_gauge!("fluoro_store_replicas_out", help).expect("the name is registered here alone")
});
