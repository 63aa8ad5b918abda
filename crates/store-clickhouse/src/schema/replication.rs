//! What a server must have so that tables can be replicated, and what is said where it has not.

use store::StoreError;

use crate::binary::Input;
use crate::client::ClickHouse;
use crate::failure::Failure;
use crate::literal::quoted;
use crate::node::Node;

/// Of all stores' tables in Keeper.
const PATH: &str = "/clickhouse/tables/fluoro";

// <https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp>
const NO_ZOOKEEPER: u32 = 225;
const REPLICA_ALREADY_EXISTS: u32 = 253;

/// Where the replicas of a table meet. Without `{uuid}`, since each of them makes its table by itself.
pub(super) fn path(table: &str, store: &str) -> String {
    format!("{PATH}/{store}/{table}")
}

/// The cluster of the URL must be one shard, of just the servers in the URL. Gives the name of this replica.
pub(super) async fn check(server: &ClickHouse, node: &Node, cluster: &str) -> Result<String, StoreError> {
    let named = server.nodes().len();
    let sql = format!(
        "SELECT uniqExact(shard_num), count(), (SELECT arraySort(groupUniqArray(cluster)) FROM system.clusters), \
         (SELECT groupArray(substitution) FROM system.macros WHERE macro = 'replica') \
         FROM system.clusters WHERE cluster = {} FORMAT RowBinary",
        quoted(cluster)
    );
    let failed = |failure: Failure| failure.of_any("ask ClickHouse for its clusters");
    let answer = node.order(sql).await.map_err(failed)?;
    let mut input = Input::new(&answer);
    let mut read = || Ok((input.u64()?, input.u64()?, input.list(Input::text)?, input.list(Input::text)?));
    let (shards, replicas, clusters, replica) =
        read().map_err(|malformed: crate::binary::Malformed| failed(malformed.into()))?;
    let at = &node.name;
    if replicas == 0 {
        let known = if clusters.is_empty() { "none".to_owned() } else { clusters.join(", ") };
        return unusable(
            format!("the ClickHouse server at {at} knows no cluster `{cluster}`"),
            format!(
                "name in --store one that it knows, which is {known}, or add it to <remote_servers> of every server"
            ),
        );
    }
    if shards > 1 {
        return unusable(
            format!("the cluster `{cluster}` has {shards} shards, and this version keeps all traces on one"),
            "name in --store a cluster of one shard, of servers that each have everything".to_owned(),
        );
    }
    if replicas != named as u64 {
        return unusable(
            format!("the cluster `{cluster}` has {replicas} replicas at {at}, and --store names {named}"),
            "name each of them in --store, as clickhouse://host1,host2/…?cluster=…".to_owned(),
        );
    }
    match replica.as_slice() {
        [replica, ..] => Ok((*replica).to_owned()),
        [] => unusable(
            format!("the ClickHouse server at {at} has no macro `replica`, by which replicas are told apart"),
            "add <macros><replica>…</replica></macros> to its configuration, with another name at each server"
                .to_owned(),
        ),
    }
}

/// Each server is a replica of its own.
pub(super) fn check_alone(node: &Node, replica: &str, others: &[(&str, String)]) -> Result<(), StoreError> {
    match others.iter().find(|(_, name)| name == replica) {
        None => Ok(()),
        Some((other, _)) => unusable(
            format!("the ClickHouse servers at {other} and {} are both the replica `{replica}`", node.name),
            "name each server once in --store, and give each another <replica> in <macros> of its configuration".to_owned(),
        ),
    }
}

/// Tables that were made with a cluster are used with one, and the others without.
pub(super) fn check_kind(server: &ClickHouse, node: &Node, engine: &str) -> Result<(), StoreError> {
    let (database, at) = (&server.database, &node.name);
    match (engine.starts_with("Replicated"), &server.cluster) {
        (true, None) => unusable(
            format!("the tables in the database {database} at {at} are replicated, and --store names no cluster"),
            "name all its servers in --store, and their cluster: clickhouse://host1,host2/…?cluster=…".to_owned(),
        ),
        (false, Some(_)) => unusable(
            format!("the tables in the database {database} at {at} were made without a cluster and are not replicated"),
            "leave `cluster` and the other hosts out of --store; or name a new database, and bring the traces over \
             by `fluoro store export` and `import`"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}

/// Why a table was not made.
pub(super) fn not_made(failure: Failure, node: &Node, table: &str, store: &str) -> StoreError {
    let Failure::Refused { code, .. } = &failure else {
        return failure.of_any("make the tables in ClickHouse");
    };
    let at = &node.name;
    let (detail, remedy) = match *code {
        NO_ZOOKEEPER => (
            format!("the ClickHouse server at {at} has no Keeper, which replicated tables need"),
            "add <zookeeper> with your ClickHouse Keeper or ZooKeeper to its configuration, or leave `cluster` out of --store"
                .to_owned(),
        ),
        REPLICA_ALREADY_EXISTS => (
            format!("Keeper knows a replica of the table {table} by the name that the ClickHouse server at {at} has, and it has no such table"),
            format!(
                "where it lost its disk, say at another replica: SYSTEM DROP REPLICA '…' FROM ZKPATH '{}' with the name of its macro `replica`, \
                 for each of the three tables; where two servers have the same macro, give each its own",
                path(table, store)
            ),
        ),
        _ => return failure.of_any("make the tables in ClickHouse"),
    };
    StoreError::Unusable { detail, remedy }
}

fn unusable<T>(detail: String, remedy: String) -> Result<T, StoreError> {
    Err(StoreError::Unusable { detail, remedy })
}
