//! The battery of every backend, against servers that `scripts/clickhouse` starts.

#[path = "servers/place.rs"]
mod place;

mod one_share {
    use super::place::Cluster;

    store::conformance_tests!(Cluster::new(1).await);
}

mod several_shares {
    use super::place::Cluster;

    store::conformance_tests!(Cluster::new(7).await);
}

mod replicas {
    use super::place::Cluster;

    store::conformance_tests!(Cluster::replicated(3).await);
}
