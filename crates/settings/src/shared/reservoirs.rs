//! The reservoirs of sampling rules: what one process hands out, the others know.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

use super::{LOCK, PATIENCE};
use crate::error::{AlertsError, OpenError};
use crate::sql::postgres::Postgres;
use crate::sql::{Connection, SqlResult, values};

/// What is kept of each rule, as text of whoever hands out.
#[derive(Debug)]
pub struct Reservoirs {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    connection: Connection,
    /// Of each rule, the revision that the caller has.
    known: BTreeMap<String, i64>,
}

impl Reservoirs {
    /// Connects when it is first asked.
    pub(super) fn new(url: &str) -> Result<Self, OpenError> {
        // Nothing else waits for these.
        let connection = Connection::new(Postgres::new(url, LOCK + 1, PATIENCE)?);
        Ok(Self { inner: Mutex::new(Inner { connection, known: BTreeMap::new() }) })
    }

    /// Hands out while no other process does. `work` is given what others have changed of the rules since this process was here last:
    /// the text, or none where there is none any more; it gives back what to keep. After an error nothing is kept, and the next call
    /// is given everything again.
    pub fn change<T>(
        &self,
        rules: &BTreeSet<String>,
        work: impl FnOnce(Vec<(String, Option<String>)>) -> (T, Vec<(String, String)>),
    ) -> Result<T, AlertsError> {
        let mut inner = self.inner.lock();
        let Inner { connection, known } = &mut *inner;
        let changed = change(connection, known, rules, work);
        if changed.is_err() {
            known.clear();
        }
        Ok(changed?)
    }

    /// Of a rule that is gone.
    pub fn forget(&self, rule: &str) -> Result<(), AlertsError> {
        let inner = self.inner.lock();
        inner.connection.execute("DELETE FROM fluoro_reservoir WHERE rule = ?1", values![rule])?;
        Ok(())
    }
}

fn change<T>(
    connection: &Connection,
    known: &mut BTreeMap<String, i64>,
    rules: &BTreeSet<String>,
    work: impl FnOnce(Vec<(String, Option<String>)>) -> (T, Vec<(String, String)>),
) -> SqlResult<T> {
    let transaction = connection.begin()?;
    let mut fresh = Vec::new();
    let mut found: BTreeMap<String, i64> = BTreeMap::new();
    for rule in rules {
        let has = known.get(rule).copied();
        let sql = "SELECT revision, CASE WHEN revision = ?2 THEN '' ELSE state END FROM fluoro_reservoir WHERE rule = ?1";
        let read = |row: &crate::sql::Row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?));
        match transaction.first(sql, values![rule, has.unwrap_or_default()], read)? {
            Some((revision, text)) => {
                if has != Some(revision) {
                    fresh.push((rule.clone(), Some(text)));
                }
                found.insert(rule.clone(), revision);
            }
            None if has.is_some() => fresh.push((rule.clone(), None)),
            None => {}
        }
    }
    let (result, kept) = work(fresh);
    for (rule, text) in kept {
        // One that was deleted and is there again is none that anybody knows.
        let sql = "INSERT INTO fluoro_reservoir VALUES (?1, (random() * 1e15)::bigint + 1, ?2)
            ON CONFLICT (rule) DO UPDATE SET revision = fluoro_reservoir.revision + 1, state = ?2 RETURNING revision";
        let revision = transaction.one(sql, values![rule, text], |row| row.get(0))?;
        found.insert(rule, revision);
    }
    transaction.commit()?;
    known.retain(|rule, _| !rules.contains(rule));
    known.extend(found);
    Ok(result)
}
