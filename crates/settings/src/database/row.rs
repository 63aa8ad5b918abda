//! Rows of each table to and from what they mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Timestamp;
use model::group::Group;
use model::template::rule::UrlRule;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction, params};
use sampling::rule::{RULE_VERSION, SamplingRateBoost, rule_arn};
use sampling::{SamplingRule, SamplingRuleRecord};

use crate::account::Account;
use crate::alarm::{AlarmRecord, MuteRecord};
use crate::group::GroupRecord;
use crate::log_link::LogLinkRule;
use crate::notifier::NotifierRecord;
use crate::policy::ResourcePolicy;
use crate::subscription::{Protocol, Subscription};
use crate::tag::Tags;
use crate::view::SavedView;

fn all<T>(
    connection: &Connection,
    query: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(query)?.query_map([], read)?.collect()
}

pub(super) fn rules(connection: &Connection, account: &Account) -> rusqlite::Result<Vec<SamplingRuleRecord>> {
    all(connection, "SELECT * FROM sampling_rules", |row| {
        let name: String = row.get("name")?;
        let attributes: String = row.get("attributes")?;
        let attributes: BTreeMap<String, String> = serde_json::from_str(&attributes)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(10, Type::Text, Box::new(error)))?;
        let max_rate: Option<f64> = row.get("boost_max_rate")?;
        let cooldown: Option<u32> = row.get("boost_cooldown_minutes")?;
        let boost = max_rate.zip(cooldown);
        let rule = SamplingRule {
            arn: rule_arn(&account.region, &account.id, &name),
            name,
            resource_arn: row.get("resource_arn")?,
            priority: row.get("priority")?,
            fixed_rate: row.get("fixed_rate")?,
            reservoir_size: row.get("reservoir_size")?,
            service_name: row.get("service_name")?,
            service_type: row.get("service_type")?,
            host: row.get("host")?,
            http_method: row.get("http_method")?,
            url_path: row.get("url_path")?,
            version: RULE_VERSION,
            attributes,
            boost: boost.map(|(max_rate, cooldown_minutes)| SamplingRateBoost { max_rate, cooldown_minutes }),
        };
        let created = Timestamp(row.get("created_micros")?);
        Ok(SamplingRuleRecord { rule, created, modified: Timestamp(row.get("modified_micros")?) })
    })
}

pub(super) fn put_rule(transaction: &Transaction<'_>, record: &SamplingRuleRecord) -> rusqlite::Result<()> {
    let rule = &record.rule;
    let attributes = serde_json::to_value(&rule.attributes).map(|value| value.to_string());
    let attributes = attributes.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    transaction.execute(
        "INSERT OR REPLACE INTO sampling_rules
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            rule.name,
            rule.resource_arn,
            rule.priority,
            rule.fixed_rate,
            rule.reservoir_size,
            rule.service_name,
            rule.service_type,
            rule.host,
            rule.http_method,
            rule.url_path,
            attributes,
            rule.boost.map(|boost| boost.max_rate),
            rule.boost.map(|boost| boost.cooldown_minutes),
            record.created.0,
            record.modified.0,
        ],
    )?;
    Ok(())
}

pub(super) fn groups(connection: &Connection) -> rusqlite::Result<Vec<GroupRecord>> {
    all(connection, "SELECT * FROM groups", |row| {
        let group = Group {
            name: row.get("name")?,
            filter_expression: row.get("filter_expression")?,
            insights_enabled: row.get("insights_enabled")?,
            notifications_enabled: row.get("notifications_enabled")?,
        };
        let filter_changed: Option<i64> = row.get("filter_changed_micros")?;
        Ok(GroupRecord { group, key: row.get("key")?, filter_changed: filter_changed.map(Timestamp) })
    })
}

pub(super) fn put_group(transaction: &Transaction<'_>, record: &GroupRecord) -> rusqlite::Result<()> {
    let group = &record.group;
    transaction.execute(
        "INSERT OR REPLACE INTO groups VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            group.name,
            record.key,
            group.filter_expression,
            group.insights_enabled,
            group.notifications_enabled,
            record.filter_changed.map(|instant| instant.0),
        ],
    )?;
    Ok(())
}

/// Resource, key and value.
pub(super) fn tags(connection: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    all(connection, "SELECT resource, key, value FROM tags", |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })
}

/// All tags there are; they are few.
pub(super) fn put_tags(
    transaction: &Transaction<'_>,
    tags: &BTreeMap<String, Tags>,
    account: &Account,
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM tags", [])?;
    let mut insert = transaction.prepare("INSERT INTO tags VALUES (?1, ?2, ?3)")?;
    for (arn, tags) in tags {
        // Without account and region, so that tags survive when those are set to something else.
        let resource = account.kept(arn);
        for (key, value) in tags {
            insert.execute(params![resource, key, value])?;
        }
    }
    Ok(())
}

pub(super) fn alarms(connection: &Connection) -> rusqlite::Result<Vec<AlarmRecord>> {
    let query = "SELECT definition, created_micros, configured_micros FROM alarms";
    all(connection, query, |row| {
        let alarm = json(row, 0)?;
        Ok(AlarmRecord { alarm, created: Timestamp(row.get(1)?), configured: Timestamp(row.get(2)?) })
    })
}

pub(super) fn put_alarm(transaction: &Transaction<'_>, record: &Arc<AlarmRecord>) -> rusqlite::Result<()> {
    let definition = text(&record.alarm)?;
    transaction.execute(
        "INSERT OR REPLACE INTO alarms VALUES (?1, ?2, ?3, ?4)",
        params![record.alarm.name(), definition, record.created.0, record.configured.0],
    )?;
    Ok(())
}

pub(super) fn mutes(connection: &Connection) -> rusqlite::Result<Vec<MuteRecord>> {
    all(connection, "SELECT definition, modified_micros FROM mute_rules", |row| {
        Ok(MuteRecord { rule: json(row, 0)?, modified: Timestamp(row.get(1)?) })
    })
}

pub(super) fn put_mute(transaction: &Transaction<'_>, record: &MuteRecord) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT OR REPLACE INTO mute_rules VALUES (?1, ?2, ?3)",
        params![record.rule.name, text(&record.rule)?, record.modified.0],
    )?;
    Ok(())
}

pub(super) fn policies(connection: &Connection) -> rusqlite::Result<Vec<ResourcePolicy>> {
    all(connection, "SELECT * FROM policies", |row| {
        Ok(ResourcePolicy {
            name: row.get("name")?,
            document: row.get("document")?,
            revision: row.get("revision")?,
            updated: Timestamp(row.get("updated_micros")?),
        })
    })
}

pub(super) fn put_policy(transaction: &Transaction<'_>, policy: &ResourcePolicy) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT OR REPLACE INTO policies VALUES (?1, ?2, ?3, ?4)",
        params![policy.name, policy.document, policy.revision, policy.updated.0],
    )?;
    Ok(())
}

pub(super) fn notifiers(connection: &Connection) -> rusqlite::Result<Vec<NotifierRecord>> {
    all(
        connection,
        "SELECT name, kind, body, sealed, created_micros, modified_micros FROM notifiers",
        |row| {
            Ok(NotifierRecord {
                name: row.get(0)?,
                kind: row.get(1)?,
                body: json(row, 2)?,
                sealed: json(row, 3)?,
                created: Timestamp(row.get(4)?),
                modified: Timestamp(row.get(5)?),
            })
        },
    )
}

pub(super) fn put_notifier(transaction: &Transaction<'_>, record: &NotifierRecord) -> rusqlite::Result<()> {
    let sealed = serde_json::to_string(&record.sealed)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    transaction.execute(
        "INSERT OR REPLACE INTO notifiers VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            record.name,
            record.kind,
            serde_json::Value::Object(record.body.clone()).to_string(),
            sealed,
            record.created.0,
            record.modified.0,
        ],
    )?;
    Ok(())
}

pub(super) fn subscriptions(connection: &Connection) -> rusqlite::Result<Vec<Subscription>> {
    let columns = "id, topic, protocol, endpoint, is_raw, created_micros, confirmed_micros";
    all(connection, &format!("SELECT {columns} FROM subscriptions"), |row| {
        let protocol: String = row.get(2)?;
        let unknown = || rusqlite::Error::InvalidColumnType(2, "protocol".to_owned(), Type::Text);
        let confirmed: Option<i64> = row.get(6)?;
        Ok(Subscription {
            id: row.get(0)?,
            topic: row.get(1)?,
            protocol: Protocol::parse(&protocol).ok_or_else(unknown)?,
            endpoint: row.get(3)?,
            is_raw: row.get(4)?,
            created: Timestamp(row.get(5)?),
            confirmed: confirmed.map(Timestamp),
        })
    })
}

pub(super) fn put_subscription(
    transaction: &Transaction<'_>,
    subscription: &Subscription,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT OR REPLACE INTO subscriptions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            subscription.id,
            subscription.topic,
            subscription.protocol.name(),
            subscription.endpoint,
            subscription.is_raw,
            subscription.created.0,
            subscription.confirmed.map(|instant| instant.0),
        ],
    )?;
    Ok(())
}

/// In their order.
pub(super) fn url_rules(connection: &Connection) -> rusqlite::Result<Vec<UrlRule>> {
    all(connection, "SELECT service, path FROM url_rules ORDER BY place", |row| {
        Ok(UrlRule { service: row.get(0)?, path: row.get(1)? })
    })
}

/// All of them; they are few, and most changes move some.
pub(super) fn put_url_rules(transaction: &Transaction<'_>, rules: &[UrlRule]) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM url_rules", [])?;
    let mut insert = transaction.prepare("INSERT INTO url_rules VALUES (?1, ?2, ?3)")?;
    for (place, rule) in rules.iter().enumerate() {
        insert.execute(params![place as i64, rule.service, rule.path])?;
    }
    Ok(())
}

pub(super) fn log_links(connection: &Connection) -> rusqlite::Result<Vec<LogLinkRule>> {
    all(connection, "SELECT service, title, url FROM log_links ORDER BY place", |row| {
        Ok(LogLinkRule { service: row.get(0)?, title: row.get(1)?, url: row.get(2)? })
    })
}

pub(super) fn put_log_links(transaction: &Transaction<'_>, rules: &[LogLinkRule]) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM log_links", [])?;
    let mut insert = transaction.prepare("INSERT INTO log_links VALUES (?1, ?2, ?3, ?4)")?;
    for (place, rule) in rules.iter().enumerate() {
        insert.execute(params![place as i64, rule.service, rule.title, rule.url])?;
    }
    Ok(())
}

pub(super) fn views(connection: &Connection) -> rusqlite::Result<Vec<SavedView>> {
    all(connection, "SELECT name, page, query, saved_micros FROM views", |row| {
        let saved = Timestamp(row.get(3)?);
        Ok(SavedView { name: row.get(0)?, page: row.get(1)?, query: row.get(2)?, saved })
    })
}

pub(super) fn put_view(transaction: &Transaction<'_>, view: &SavedView) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT OR REPLACE INTO views VALUES (?1, ?2, ?3, ?4)",
        params![view.name, view.page, view.query, view.saved.0],
    )?;
    Ok(())
}

fn text<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

pub(super) fn switches(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let rows = all(connection, "SELECT name, value FROM switches", |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().collect())
}
