//! The tables, and whether the server and what is in it are such that this version can work with them.

mod replication;

use std::time::Duration;

use model::Timestamp;
use model::error::chain;
use store::StoreError;
use tracing::warn;

use crate::binary::Input;
use crate::client::ClickHouse;
use crate::failure::Failure;
use crate::literal::quoted;
use crate::node::Node;

/// Of the tables; they carry it as their comment.
const VERSION: u32 = 1;
/// The first with everything that is used here; tests run on 26.7.
const OLDEST_SERVER: (u32, u32) = (26, 3);
/// Between this machine's clock and the server's. The days into which rows are put are told by ours.
const MOST_SKEW: Duration = Duration::from_secs(60);

/// A table's definition in pieces, since engine and settings differ where it is replicated.
struct Table {
    name: &'static str,
    columns: &'static str,
    /// What it does when parts are merged, and by which column.
    engine: (&'static str, Option<&'static str>),
    order: &'static str,
    /// Beyond those of all.
    settings: &'static str,
}

const TABLES: [Table; 3] = [
    Table {
        name: "documents",
        columns: DOCUMENTS,
        engine: ("MergeTree", None),
        order: "PARTITION BY toDate(received) PRIMARY KEY (share, trace_id) ORDER BY (share, trace_id, received, lane, seq, entity)",
        settings: ", fsync_after_insert = 1, fsync_part_directory = 1",
    },
    Table {
        name: "traces",
        columns: TRACES,
        engine: ("ReplacingMergeTree", Some("revision")),
        order: "PARTITION BY day ORDER BY (share, trace_id)",
        settings: "",
    },
    Table {
        name: "minutes",
        columns: MINUTES,
        engine: ("AggregatingMergeTree", None),
        order: "PARTITION BY toDate(minute) \
            ORDER BY (`group`, minute, what, node, node_kind, node_account, target, target_kind, target_account)",
        settings: "",
    },
];
/// Names of blocks are remembered for a day, within which whoever repeats one is known to be gone.
const PLAIN_SETTINGS: &str = "non_replicated_deduplication_window = 100000";
const REPLICATED_SETTINGS: &str =
    "replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 86400";

/// One row an entity; that of a document's outermost carries what is left of the document. See `row::columns::spans`. `received` and
/// `ahead` add up to the stamp of its place.
const DOCUMENTS: &str = "(
    share UInt16, trace_id FixedString(16),
    received DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)), ahead UInt64 CODEC(T64, ZSTD(1)),
    lane UInt32 CODEC(ZSTD(1)), seq UInt64 CODEC(Delta, ZSTD(1)), entity UInt32 CODEC(T64, ZSTD(1)),
    id FixedString(8) CODEC(NONE), parent FixedString(8) CODEC(ZSTD(1)),
    name LowCardinality(String) CODEC(ZSTD(1)), kind LowCardinality(String) CODEC(ZSTD(1)),
    origin LowCardinality(String) CODEC(ZSTD(1)), namespace LowCardinality(String) CODEC(ZSTD(1)),
    start Int64 CODEC(Delta, ZSTD(1)), duration Nullable(Int64) CODEC(T64, ZSTD(1)), flags UInt8 CODEC(ZSTD(1)),
    http_method LowCardinality(String) CODEC(ZSTD(1)), http_url String CODEC(ZSTD(1)), http_status Int64 CODEC(T64, ZSTD(1)),
    user String CODEC(ZSTD(1)),
    annotation_keys Array(LowCardinality(String)) CODEC(ZSTD(1)), annotation_values Array(LowCardinality(String)) CODEC(ZSTD(1)),
    template LowCardinality(String) CODEC(ZSTD(1)), rest Array(String) CODEC(ZSTD(1)), document String CODEC(ZSTD(3)),
    INDEX seqs seq TYPE minmax GRANULARITY 1,
    INDEX stamps toUnixTimestamp64Micro(received) + ahead TYPE minmax GRANULARITY 1)";

/// One row a revision of a trace's digest; the highest revision counts. The day is that of its first receipt, which never
/// changes, so that all revisions meet when they are merged. See `row::columns::traces`.
const TRACES: &str = "(
    share UInt16, day Date, trace_id FixedString(16), revision UInt32,
    start Int64 CODEC(Delta, ZSTD(1)), `end` Nullable(Int64) CODEC(Delta, ZSTD(1)), last_received Int64 CODEC(Delta, ZSTD(1)),
    response_time Nullable(UInt64) CODEC(T64, ZSTD(1)), duration Nullable(UInt64) CODEC(T64, ZSTD(1)),
    self_time Nullable(UInt64) CODEC(T64, ZSTD(1)), flags UInt8 CODEC(ZSTD(1)),
    http_method LowCardinality(String) CODEC(ZSTD(1)), http_url String CODEC(ZSTD(1)), http_status Nullable(Int64) CODEC(T64, ZSTD(1)),
    services Array(LowCardinality(String)) CODEC(ZSTD(1)),
    error_services Array(LowCardinality(String)) CODEC(ZSTD(1)), throttle_services Array(LowCardinality(String)) CODEC(ZSTD(1)),
    fault_services Array(LowCardinality(String)) CODEC(ZSTD(1)),
    fault_causes Array(LowCardinality(String)) CODEC(ZSTD(1)), error_causes Array(LowCardinality(String)) CODEC(ZSTD(1)),
    response_time_causes Array(LowCardinality(String)) CODEC(ZSTD(1)),
    users Array(String) CODEC(ZSTD(1)),
    annotation_keys Array(LowCardinality(String)) CODEC(ZSTD(1)), annotation_values Array(LowCardinality(String)) CODEC(ZSTD(1)),
    annotation_types String CODEC(ZSTD(1)), annotation_sets Array(UInt32) CODEC(ZSTD(1)), digest String CODEC(ZSTD(1)),
    INDEX pairs arrayMap((k, v) -> concat(k, '=', v), annotation_keys, annotation_values) TYPE text(tokenizer = 'array'),
    INDEX names services TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX starts start TYPE minmax GRANULARITY 1, INDEX ends `end` TYPE minmax GRANULARITY 1,
    INDEX receipts last_received TYPE minmax GRANULARITY 1)";

/// Rows of one key add up. Of sketches the fewest bits count, and keys of more bits are cut when they are read.
const MINUTES: &str = "(
    minute DateTime('UTC') CODEC(Delta, ZSTD(1)), `group` LowCardinality(String) CODEC(ZSTD(1)), what UInt8 CODEC(ZSTD(1)),
    node LowCardinality(String) CODEC(ZSTD(1)), node_kind LowCardinality(String) CODEC(ZSTD(1)),
    node_account LowCardinality(String) CODEC(ZSTD(1)),
    target LowCardinality(String) CODEC(ZSTD(1)), target_kind LowCardinality(String) CODEC(ZSTD(1)),
    target_account LowCardinality(String) CODEC(ZSTD(1)),
    ok SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)), error SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    throttle SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)), fault SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    response_time_total SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    presence SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)), roots SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    time_bits SimpleAggregateFunction(min, UInt8) CODEC(ZSTD(1)),
    times SimpleAggregateFunction(sumMap, Map(UInt64, Int64)) CODEC(ZSTD(1)),
    duration_bits SimpleAggregateFunction(min, UInt8) CODEC(ZSTD(1)),
    durations SimpleAggregateFunction(sumMap, Map(UInt64, Int64)) CODEC(ZSTD(1)),
    kinds SimpleAggregateFunction(sumMap, Map(UInt8, Int64)) CODEC(ZSTD(1)),
    aliases SimpleAggregateFunction(sumMap, Map(String, Int64)) CODEC(ZSTD(1)),
    first_start SimpleAggregateFunction(min, Nullable(Int64)) CODEC(ZSTD(1)),
    last_start SimpleAggregateFunction(max, Nullable(Int64)) CODEC(ZSTD(1)))";

/// Makes what is missing, and refuses what this version must not touch. Of several replicas one must answer; the others are looked
/// after when they do.
/// `name` is that of the store, which PostgreSQL keeps, so that no two mix their traces.
pub(crate) async fn prepare(server: &ClickHouse, name: &str, now: Timestamp) -> Result<(), StoreError> {
    let (mut away, mut ready, mut replicas) = (None, Vec::new(), Vec::new());
    for (number, node) in server.nodes().iter().enumerate() {
        match check_server(node, now).await {
            Err(Unprepared::Silent(error)) => {
                warn!(node = node.name, error = chain(&error), "a server of ClickHouse does not answer");
                away.get_or_insert(error);
                continue;
            }
            Err(Unprepared::Unfit(error)) => return Err(error),
            Ok(()) => {}
        }
        if let Some(cluster) = &server.cluster {
            let replica = replication::check(server, node, cluster).await?;
            replication::check_alone(node, &replica, &replicas)?;
            replicas.push((node.name.as_str(), replica));
        }
        make(server, node, name).await?;
        ready.push(number);
    }
    match away {
        Some(error) if ready.is_empty() => Err(error),
        _ => server.settle(&ready).await.map_err(|failure| failure.of_any("use the replicas of ClickHouse")),
    }
}

/// Makes what is missing at a server.
pub(crate) async fn make(server: &ClickHouse, node: &Node, name: &str) -> Result<(), StoreError> {
    let failed = |failure: Failure| failure.of_any("make the tables in ClickHouse");
    let database = &server.database;
    let is_there =
        ask_number(node, format!("SELECT count() FROM system.databases WHERE name = {}", quoted(database)));
    if is_there.await.map_err(|failure| failure.of_any("look for the database in ClickHouse"))? == 0 {
        node.order(format!("CREATE DATABASE IF NOT EXISTS `{database}`")).await.map_err(failed)?;
    }
    check_tables(server, node, name).await?;
    for table in &TABLES {
        let sql = definition(table, database, name, server.cluster.is_some());
        node.order(sql).await.map_err(|failure| replication::not_made(failure, node, table.name, name))?;
    }
    // Somebody else may have made them in between.
    check_tables(server, node, name).await?;
    check_rights(server, node).await
}

fn definition(table: &Table, database: &str, name: &str, is_replicated: bool) -> String {
    let Table { name: of_table, columns, engine: (engine, column), order, settings } = table;
    let path = replication::path(of_table, name);
    let (engine, window) = match (is_replicated, column) {
        (false, None) => ((*engine).to_owned(), PLAIN_SETTINGS),
        (false, Some(column)) => (format!("{engine}({column})"), PLAIN_SETTINGS),
        (true, None) => (format!("Replicated{engine}('{path}', '{{replica}}')"), REPLICATED_SETTINGS),
        (true, Some(column)) => {
            (format!("Replicated{engine}('{path}', '{{replica}}', {column})"), REPLICATED_SETTINGS)
        }
    };
    format!(
        "CREATE TABLE IF NOT EXISTS `{database}`.{of_table} {columns} ENGINE = {engine} {order} \
         SETTINGS index_granularity = 1024, {window}{settings} COMMENT 'fluoro {VERSION} {name}'"
    )
}

/// Why a server cannot be used.
enum Unprepared {
    Silent(StoreError),
    Unfit(StoreError),
}

async fn check_server(node: &Node, now: Timestamp) -> Result<(), Unprepared> {
    let sql = "SELECT version(), toUnixTimestamp64Micro(now64(6)) FORMAT RowBinary".to_owned();
    let answer = node.order(sql).await.map_err(|failure| unreachable(failure, node))?;
    let mut input = Input::new(&answer);
    let read = input.text().and_then(|version| Ok((version, input.i64()?)));
    let unfit = |detail: String, remedy: String| Unprepared::Unfit(StoreError::Unusable { detail, remedy });
    let (version, clock) = read.map_err(|malformed| {
        Unprepared::Unfit(Failure::from(malformed).of_any("ask ClickHouse for its version"))
    })?;
    if !is_new_enough(version) {
        let (major, minor) = OLDEST_SERVER;
        return Err(unfit(
            format!("the ClickHouse server at {} has version {version}", node.name),
            format!("use {major}.{minor} or newer"),
        ));
    }
    let skew = now.0.abs_diff(clock);
    if u128::from(skew) > MOST_SKEW.as_micros() {
        let skew = skew / 1_000_000;
        return Err(unfit(
            format!(
                "the clock of the ClickHouse server at {} and that of this machine are {skew} s apart",
                node.name
            ),
            "set both by NTP".to_owned(),
        ));
    }
    Ok(())
}

fn unreachable(failure: Failure, node: &Node) -> Unprepared {
    match failure {
        Failure::Lost { source, .. } => {
            // The innermost cause says most, and in fewest words.
            let mut cause: &(dyn std::error::Error + 'static) = &*source;
            while let Some(inner) = cause.source() {
                cause = inner;
            }
            Unprepared::Silent(StoreError::Unusable {
                detail: format!("nothing answers by HTTP at {}: {cause}", node.name),
                remedy:
                    "start ClickHouse there, or name in --store where its HTTP port is, which is 8123 mostly"
                        .to_owned(),
            })
        }
        other => Unprepared::Unfit(other.of_any("use ClickHouse")),
    }
}

/// Tables of these names that are ours, or none.
async fn check_tables(server: &ClickHouse, node: &Node, name: &str) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT name, engine, comment FROM system.tables WHERE database = {} AND name IN ('documents', 'traces', 'minutes') \
         FORMAT RowBinary",
        quoted(&server.database)
    );
    let failed = |failure: Failure| failure.of_any("look at the tables in ClickHouse");
    let answer = node.order(sql).await.map_err(failed)?;
    let rows = Input::new(&answer).rows(|input| Ok((input.text()?, input.text()?, input.text()?)));
    let unusable =
        |detail: String, remedy: &str| Err(StoreError::Unusable { detail, remedy: remedy.to_owned() });
    for (table, engine, comment) in rows.map_err(|malformed| failed(malformed.into()))? {
        let told = comment.strip_prefix("fluoro ").and_then(|rest| rest.split_once(' '));
        let told = told.and_then(|(version, name)| Some((version.parse::<u32>().ok()?, name)));
        let database = &server.database;
        match told {
            Some((VERSION, found)) if found == name => {
                replication::check_kind(server, node, engine)?;
            }
            Some((VERSION, _)) => {
                return unusable(
                    format!(
                        "the database {database} in ClickHouse and the one in PostgreSQL do not belong together"
                    ),
                    "name in --settings the one that was used with it before, or in --store a database that is new",
                );
            }
            Some((version, _)) => {
                return unusable(
                    format!(
                        "the tables in the database {database} are of version {version}, and this is a version of Fluoro that knows {VERSION}"
                    ),
                    "use the newer version of Fluoro that made them",
                );
            }
            None => {
                return unusable(
                    format!("the database {database} has a table `{table}` that Fluoro did not make"),
                    "name a database of its own in --store",
                );
            }
        }
    }
    Ok(())
}

/// Asks for every table something that reads, and nothing of it.
async fn check_rights(server: &ClickHouse, node: &Node) -> Result<(), StoreError> {
    let database = &server.database;
    let syncs = server.cluster.as_ref().map(|_| "SYSTEM SYNC REPLICA");
    for Table { name: table, .. } in &TABLES {
        let sql = format!("SELECT * FROM `{database}`.{table} LIMIT 0 FORMAT RowBinary");
        node.order(sql).await.map_err(|failure| failure.of_any("read the tables in ClickHouse"))?;
        for right in ["INSERT", "ALTER DELETE"].into_iter().chain(syncs) {
            let sql = format!("CHECK GRANT {right} ON `{database}`.{table}");
            let answer =
                node.order(sql).await.map_err(|failure| failure.of_any("ask ClickHouse for rights"))?;
            // It takes no format, and answers in tabs.
            if answer.first() != Some(&b'1') {
                return Err(StoreError::Unusable {
                    detail: format!(
                        "the user of --store may not {right} on {database}.{table} at {}",
                        node.name
                    ),
                    remedy: "grant it what docs/clickhouse.md lists".to_owned(),
                });
            }
        }
    }
    Ok(())
}

async fn ask_number(node: &Node, sql: String) -> Result<u64, Failure> {
    let answer = node.order(sql + " FORMAT RowBinary").await?;
    Ok(Input::new(&answer).u64()?)
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    found >= OLDEST_SERVER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, expected) in [
            ("26.3.1.5", true),
            ("26.7.2.1", true),
            ("27.1", true),
            ("26.2.9.9", false),
            ("9.9", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }
}
