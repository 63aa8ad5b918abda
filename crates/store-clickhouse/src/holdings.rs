//! What is kept and what it costs, as ClickHouse's own tables tell.

use std::time::Duration;

use model::Timestamp;
use store::{Fact, Figure, Holdings, StoreError, TableHoldings};

use crate::binary::Input;
use crate::client::ClickHouse;
use crate::failure::Failure;
use crate::literal::quoted;

const TABLES: [&str; 3] = ["documents", "traces", "minutes"];

pub(crate) async fn holdings(
    server: &ClickHouse,
    shares: u16,
    keeps: Option<Duration>,
) -> Result<Holdings, StoreError> {
    let failed = |failure: Failure| failure.of_query("ask ClickHouse what is kept");
    let sql = format!(
        "SELECT table, count(), sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND database = {} GROUP BY table FORMAT RowBinary",
        quoted(&server.database)
    );
    let answer = server.ask(sql).await.map_err(failed)?;
    let rows =
        Input::new(&answer).rows(|input| Ok((input.text()?, input.u64()?, input.u64()?, input.u64()?)));
    let rows = rows.map_err(|malformed| failed(malformed.into()))?;
    let tables: Vec<TableHoldings> = TABLES
        .into_iter()
        .map(|name| {
            let row = rows.iter().find(|(table, ..)| *table == name);
            let (pieces, rows, bytes) = row.map_or((0, 0, 0), |row| (row.1, row.2, row.3));
            TableHoldings { name, pieces, rows, bytes }
        })
        .collect();
    // Of the parts' own ranges; no row is read.
    let sql =
        "SELECT count(), toUnixTimestamp64Micro(min(received)) FROM documents FORMAT RowBinary".to_owned();
    let answer = server.poll(sql).await.map_err(failed)?;
    let mut input = Input::new(&answer);
    let read = input.u64().and_then(|rows| Ok((rows, input.i64()?)));
    let (rows, oldest) = read.map_err(|malformed| failed(malformed.into()))?;
    let sql = "SELECT min(free_space), version() FROM system.disks FORMAT RowBinary".to_owned();
    let answer = server.ask(sql).await.map_err(failed)?;
    let mut input = Input::new(&answer);
    let read = input.u64().and_then(|free| Ok((free, input.text()?.to_owned())));
    let (free, version) = read.map_err(|malformed| failed(malformed.into()))?;
    let mut facts = vec![
        Fact { name: "ClickHouse", value: Figure::Text(version) },
        Fact { name: "Shares of traces", value: Figure::Count(shares.into()) },
    ];
    if server.cluster.is_some() {
        let words = format!("{} of {}", server.live(), server.nodes().len());
        facts.push(Fact { name: "Replicas that keep up", value: Figure::Text(words) });
    }
    Ok(Holdings {
        oldest_received: (rows > 0).then_some(Timestamp(oldest)),
        bytes: tables.iter().map(|table| table.bytes).sum(),
        free_bytes: Some(free),
        keeps,
        tables,
        facts,
        ..Holdings::default()
    })
}
