//! Resource policies with X-Ray's revisions. They are kept and given back; nothing is decided by them.
//! <https://docs.aws.amazon.com/xray/latest/api/API_PutResourcePolicy.html>

use model::Timestamp;
use serde_json::Value;

use crate::error::SettingsError;
use crate::settings::Settings;

/// X-Ray's limit for an account and region.
pub const MAX_POLICIES: usize = 5;
pub const MAX_POLICY_BYTES: usize = 5 * 1024;
/// As a revision it means that there must be no such policy yet.
const NO_REVISION: &str = "0";
/// The operation that a policy must not take from everybody.
const PUT_POLICY: &str = "xray:putresourcepolicy";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcePolicy {
    pub name: String,
    /// As it was given.
    pub document: String,
    /// From 1; in X-Ray's API it is a string.
    pub revision: u32,
    pub updated: Timestamp,
}

impl Settings {
    /// Makes a policy or replaces it. With a revision, only if that is the one in force; `"0"` stands for none.
    pub fn put_policy(
        &self,
        name: &str,
        document: String,
        revision: Option<&str>,
        bypass_lockout_check: bool,
        now: Timestamp,
    ) -> Result<ResourcePolicy, SettingsError> {
        if document.len() > MAX_POLICY_BYTES {
            return Err(SettingsError::PolicyTooLarge { limit: MAX_POLICY_BYTES });
        }
        let statements = statements(&document)?;
        if !bypass_lockout_check && statements.iter().any(locks_everybody_out) {
            return Err(SettingsError::PolicyLocksOut(
                "The policy would keep everybody from calling PutResourcePolicy",
            ));
        }
        self.change(|snapshot| {
            let held = snapshot.policies.get(name);
            let in_force = held.map_or(NO_REVISION.to_owned(), |policy| policy.revision.to_string());
            if revision.is_some_and(|revision| revision != in_force) {
                return Err(changed_meanwhile(name, "modified"));
            }
            if held.is_none() && snapshot.policies.len() >= MAX_POLICIES {
                return Err(SettingsError::TooManyPolicies { limit: MAX_POLICIES });
            }
            let revision = held.map_or(0, |policy| policy.revision).saturating_add(1);
            let policy = ResourcePolicy { name: name.to_owned(), document, revision, updated: now };
            snapshot.policies.insert(name.to_owned(), policy.clone());
            Ok(policy)
        })
    }

    pub fn delete_policy(&self, name: &str, revision: Option<&str>) -> Result<(), SettingsError> {
        self.change(|snapshot| {
            let Some(held) = snapshot.policies.get(name) else {
                let text = format!("The resource policy {name} does not exist.");
                return Err(SettingsError::refused(text));
            };
            if revision.is_some_and(|revision| revision != held.revision.to_string()) {
                return Err(changed_meanwhile(name, "modified or deleted"));
            }
            snapshot.policies.remove(name);
            Ok(())
        })
    }
}

fn changed_meanwhile(name: &str, how: &str) -> SettingsError {
    SettingsError::Revision(format!("Another concurrent request has {how} the resource policy {name}"))
}

/// The statements of a policy: one or more, each with an effect, an action and a principal.
fn statements(document: &str) -> Result<Vec<Value>, SettingsError> {
    let malformed = |text: &str| Err(SettingsError::MalformedPolicy(text.to_owned()));
    let Ok(Value::Object(mut policy)) = serde_json::from_str(document) else {
        return malformed("The policy document is no JSON object");
    };
    let statements = match policy.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return malformed("The policy document has no Statement"),
    };
    if statements.is_empty() {
        return malformed("The policy document has no Statement");
    }
    for statement in &statements {
        if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
            return malformed("The Effect of a statement must be Allow or Deny");
        }
        let has = |name: &str| statement.get(name).is_some();
        if !has("Action") && !has("NotAction") {
            return malformed("A statement has no Action");
        }
        if !has("Principal") && !has("NotPrincipal") {
            return malformed("A statement has no Principal");
        }
    }
    Ok(statements)
}

/// Whether it denies PutResourcePolicy to all, on no condition.
fn locks_everybody_out(statement: &Value) -> bool {
    let names_all = |value: &Value| words(value).any(|word| word == "*");
    let is_for_all = names_all(&statement["Principal"]) || names_all(&statement["Principal"]["AWS"]);
    let covers = |pattern: &str| sampling::wildcard::matches(pattern, PUT_POLICY);
    statement["Effect"] == "Deny"
        && is_for_all
        && statement.get("Condition").is_none()
        && words(&statement["Action"]).any(covers)
}

/// A word, or a list of words.
fn words(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    value.as_str().into_iter().chain(list.iter().filter_map(Value::as_str))
}
