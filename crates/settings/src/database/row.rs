//! Rows of each table to and from what they mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Timestamp;
use model::group::Group;
use model::template::rule::UrlRule;
use sampling::rule::{RULE_VERSION, SamplingRateBoost, rule_arn};
use sampling::{SamplingRule, SamplingRuleRecord};

use crate::account::Account;
use crate::alarm::{AlarmRecord, MuteRecord};
use crate::group::GroupRecord;
use crate::log_link::LogLinkRule;
use crate::notifier::NotifierRecord;
use crate::policy::ResourcePolicy;
use crate::sql::{Connection, SqlError, SqlResult, json_text, values};
use crate::subscription::{Protocol, Subscription};
use crate::tag::Tags;
use crate::view::SavedView;

pub(super) fn rules(connection: &Connection, account: &Account) -> SqlResult<Vec<SamplingRuleRecord>> {
    connection.all("SELECT * FROM sampling_rules", &[], |row| {
        let name: String = row.get("name")?;
        let attributes: BTreeMap<String, String> = row.json("attributes")?;
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

pub(super) fn put_rule(transaction: &Connection, record: &SamplingRuleRecord) -> SqlResult<()> {
    let rule = &record.rule;
    let attributes = json_text(&rule.attributes)?;
    transaction.replace(
        "sampling_rules",
        "name",
        values![
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

pub(super) fn groups(connection: &Connection) -> SqlResult<Vec<GroupRecord>> {
    connection.all("SELECT * FROM groups", &[], |row| {
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

pub(super) fn put_group(transaction: &Connection, record: &GroupRecord) -> SqlResult<()> {
    let group = &record.group;
    transaction.replace(
        "groups",
        "name",
        values![
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
pub(super) fn tags(connection: &Connection) -> SqlResult<Vec<(String, String, String)>> {
    connection
        .all("SELECT resource, key, value FROM tags", &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// All tags there are; they are few.
pub(super) fn put_tags(
    transaction: &Connection,
    tags: &BTreeMap<String, Tags>,
    account: &Account,
) -> SqlResult<()> {
    transaction.execute("DELETE FROM tags", &[])?;
    for (arn, tags) in tags {
        // Without account and region, so that tags survive when those are set to something else.
        let resource = account.kept(arn);
        for (key, value) in tags {
            transaction.execute("INSERT INTO tags VALUES (?1, ?2, ?3)", values![resource, key, value])?;
        }
    }
    Ok(())
}

pub(super) fn alarms(connection: &Connection) -> SqlResult<Vec<AlarmRecord>> {
    let query = "SELECT definition, created_micros, configured_micros FROM alarms";
    connection.all(query, &[], |row| {
        let alarm = row.json(0)?;
        Ok(AlarmRecord { alarm, created: Timestamp(row.get(1)?), configured: Timestamp(row.get(2)?) })
    })
}

pub(super) fn put_alarm(transaction: &Connection, record: &Arc<AlarmRecord>) -> SqlResult<()> {
    let definition = json_text(&record.alarm)?;
    transaction.replace(
        "alarms",
        "name",
        values![record.alarm.name(), definition, record.created.0, record.configured.0],
    )?;
    Ok(())
}

pub(super) fn mutes(connection: &Connection) -> SqlResult<Vec<MuteRecord>> {
    connection.all("SELECT definition, modified_micros FROM mute_rules", &[], |row| {
        Ok(MuteRecord { rule: row.json(0)?, modified: Timestamp(row.get(1)?) })
    })
}

pub(super) fn put_mute(transaction: &Connection, record: &MuteRecord) -> SqlResult<()> {
    transaction.replace(
        "mute_rules",
        "name",
        values![record.rule.name, json_text(&record.rule)?, record.modified.0],
    )?;
    Ok(())
}

pub(super) fn policies(connection: &Connection) -> SqlResult<Vec<ResourcePolicy>> {
    connection.all("SELECT * FROM policies", &[], |row| {
        Ok(ResourcePolicy {
            name: row.get("name")?,
            document: row.get("document")?,
            revision: row.get("revision")?,
            updated: Timestamp(row.get("updated_micros")?),
        })
    })
}

pub(super) fn put_policy(transaction: &Connection, policy: &ResourcePolicy) -> SqlResult<()> {
    transaction.replace(
        "policies",
        "name",
        values![policy.name, policy.document, policy.revision, policy.updated.0],
    )?;
    Ok(())
}

pub(super) fn notifiers(connection: &Connection) -> SqlResult<Vec<NotifierRecord>> {
    connection.all(
        "SELECT name, kind, body, sealed, created_micros, modified_micros FROM notifiers",
        &[],
        |row| {
            Ok(NotifierRecord {
                name: row.get(0)?,
                kind: row.get(1)?,
                body: row.json(2)?,
                sealed: row.json(3)?,
                created: Timestamp(row.get(4)?),
                modified: Timestamp(row.get(5)?),
            })
        },
    )
}

pub(super) fn put_notifier(transaction: &Connection, record: &NotifierRecord) -> SqlResult<()> {
    let sealed = json_text(&record.sealed)?;
    transaction.replace(
        "notifiers",
        "name",
        values![
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

pub(super) fn subscriptions(connection: &Connection) -> SqlResult<Vec<Subscription>> {
    let columns = "id, topic, protocol, endpoint, is_raw, created_micros, confirmed_micros";
    connection.all(&format!("SELECT {columns} FROM subscriptions"), &[], |row| {
        let protocol: String = row.get(2)?;
        let unknown = || SqlError::Malformed("protocol".to_owned());
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

pub(super) fn put_subscription(transaction: &Connection, subscription: &Subscription) -> SqlResult<()> {
    transaction.replace(
        "subscriptions",
        "id",
        values![
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
pub(super) fn url_rules(connection: &Connection) -> SqlResult<Vec<UrlRule>> {
    connection.all("SELECT service, path FROM url_rules ORDER BY place", &[], |row| {
        Ok(UrlRule { service: row.get(0)?, path: row.get(1)? })
    })
}

/// All of them; they are few, and most changes move some.
pub(super) fn put_url_rules(transaction: &Connection, rules: &[UrlRule]) -> SqlResult<()> {
    transaction.execute("DELETE FROM url_rules", &[])?;
    for (place, rule) in rules.iter().enumerate() {
        transaction.execute(
            "INSERT INTO url_rules VALUES (?1, ?2, ?3)",
            values![place as i64, rule.service, rule.path],
        )?;
    }
    Ok(())
}

pub(super) fn log_links(connection: &Connection) -> SqlResult<Vec<LogLinkRule>> {
    connection.all("SELECT service, title, url FROM log_links ORDER BY place", &[], |row| {
        Ok(LogLinkRule { service: row.get(0)?, title: row.get(1)?, url: row.get(2)? })
    })
}

/// All of them, as with rules for URLs.
pub(super) fn put_log_links(transaction: &Connection, rules: &[LogLinkRule]) -> SqlResult<()> {
    transaction.execute("DELETE FROM log_links", &[])?;
    for (place, rule) in rules.iter().enumerate() {
        transaction.execute(
            "INSERT INTO log_links VALUES (?1, ?2, ?3, ?4)",
            values![place as i64, rule.service, rule.title, rule.url],
        )?;
    }
    Ok(())
}

pub(super) fn views(connection: &Connection) -> SqlResult<Vec<SavedView>> {
    connection.all("SELECT name, page, query, saved_micros FROM views", &[], |row| {
        let saved = Timestamp(row.get(3)?);
        Ok(SavedView { name: row.get(0)?, page: row.get(1)?, query: row.get(2)?, saved })
    })
}

pub(super) fn put_view(transaction: &Connection, view: &SavedView) -> SqlResult<()> {
    transaction.replace("views", "name", values![view.name, view.page, view.query, view.saved.0])
}

pub(super) fn switches(connection: &Connection) -> SqlResult<BTreeMap<String, String>> {
    let rows =
        connection.all("SELECT name, value FROM switches", &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().collect())
}
