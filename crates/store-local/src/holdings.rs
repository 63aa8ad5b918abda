//! What a directory holds and costs, as far as the manifest, the log and the disk tell without a file being read.

use store::{Encryption, Fact, Figure, Holdings, TableHoldings};

use crate::catalog::Catalog;
use crate::core::Core;
use crate::core::state::State;
use crate::disk;
use crate::manifest::Table;

pub(crate) fn holdings(core: &Core) -> Holdings {
    let catalog = core.catalog();
    let retention = core.config.retention;
    let keys = core.directory.keys();
    Holdings {
        oldest_received: catalog.oldest_received(),
        bytes: bytes(core),
        free_bytes: disk::free_bytes(core.directory.root()).ok(),
        keeps: retention.age,
        keeps_failures: retention.faults,
        tables: Table::ALL.into_iter().map(|table| of_table(&catalog, table)).collect(),
        encryption: keys.map(|keys| Encryption { key: keys.id(), is_complete: catalog.open_files() == 0 }),
        facts: facts(core, &catalog),
    }
}

/// What everything takes on the disk.
pub(crate) fn bytes(core: &Core) -> u64 {
    core.log_bytes() + core.catalog().bytes()
}

fn of_table(catalog: &Catalog, table: Table) -> TableHoldings {
    let mut held = TableHoldings { name: table.name(), pieces: 0, rows: 0, bytes: 0 };
    for part in catalog.of(table) {
        held.pieces += 1;
        held.rows += part.entry.rows;
        held.bytes += part.entry.bytes;
    }
    held
}

fn facts(core: &Core, catalog: &Catalog) -> Vec<Fact> {
    let share = match core.config.retention.disk_percent {
        Some(percent) => format!("{percent} %, then the oldest go"),
        None => "all of it; nothing more is taken when it is full".to_owned(),
    };
    let mut facts = vec![
        Fact { name: "In the log, and not yet in tables", value: Figure::Bytes(core.log_bytes()) },
        Fact {
            name: "Kept free beside all this, to write what was taken when the disk is full",
            value: Figure::Bytes(core.config.reserve_bytes),
        },
        Fact { name: "Share of the disk", value: Figure::Text(share) },
        Fact {
            name: "Pieces are",
            value: Figure::Text(
                "Parquet files, which DuckDB, pandas and Spark read where they lie".to_owned(),
            ),
        },
    ];
    if core.directory.keys().is_some() {
        let open = Figure::Count(catalog.open_files());
        facts.push(Fact { name: "Files that are not encrypted yet", value: open });
    }
    if core.look(|state: &State| !state.damaged().is_empty()) {
        let place = Figure::Text("in the folder `damaged` of the data directory".to_owned());
        facts.push(Fact { name: "What was damaged lies", value: place });
    }
    facts
}
