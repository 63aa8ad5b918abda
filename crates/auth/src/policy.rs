//! What a key may do, in the language of IAM's identity policies: the JSON that people already have.
//!
//! Taken: `Version`, `Id`, `Statement` with `Sid`, `Effect`, `Action` or `NotAction`, `Resource` `"*"`, and
//! the conditions `IpAddress` and `NotIpAddress` on `aws:SourceIp`. Everything else is refused when the policy is
//! read, for a condition that is not understood must not be ignored.
//!
//! A request is allowed if a statement allows it and none denies it.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod list;
mod network;
mod pattern;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use list::OneOrMany;
use network::Network;
use pattern::Pattern;

/// IAM's limit for a managed policy is 6,144 characters without white space.
const MAX_BYTES: usize = 32 << 10;

/// A policy that was checked. It is written again as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct Policy(Document);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("the policy is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The text says what, and in most cases the line.
    #[error("{0}")]
    NotUnderstood(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// A statement denies it, so no other can allow it.
    Denied,
    /// No statement speaks of it.
    NotAllowed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Version>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    statement: OneOrMany<Statement>,
}

/// They differ in policy variables, which only strings of kinds that are refused here can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Version {
    #[serde(rename = "2012-10-17")]
    Current,
    #[serde(rename = "2008-10-17")]
    Old,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: Effect,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<OneOrMany<Pattern>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<OneOrMany<Pattern>>,
    resource: OneOrMany<Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

/// Fluoro decides by operation alone, as X-Ray does for all operations on traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Resource {
    #[serde(rename = "*")]
    Any,
}

/// All of them must be true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Condition {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<SourceIp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_ip_address: Option<SourceIp>,
}

/// Keys of conditions are written in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceIp {
    #[serde(rename = "aws:SourceIp", alias = "aws:sourceIp", alias = "aws:sourceip", alias = "aws:SourceIP")]
    networks: OneOrMany<Network>,
}

impl Policy {
    /// What AWS's managed policy `AWSXRayDaemonWriteAccess` allows: to send, and to ask what to sample.
    pub fn daemon() -> Self {
        Self::allow(&[
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ])
    }

    /// To look at everything, in the console and by X-Ray's API, and to change nothing.
    pub fn read_only() -> Self {
        Self::allow(&[
            "xray:BatchGet*",
            "xray:Get*",
            "xray:List*",
            "xray:StartTraceRetrieval",
            "xray:CancelTraceRetrieval",
            "cloudwatch:Describe*",
            "cloudwatch:Get*",
            "cloudwatch:List*",
            "sns:Get*",
            "sns:List*",
            "fluoro:Get*",
            "fluoro:ReadConsole",
        ])
    }

    pub fn full() -> Self {
        Self::allow(&["xray:*", "cloudwatch:*", "sns:*", "fluoro:*"])
    }

    fn allow(actions: &[&str]) -> Self {
        let statement = Statement {
            sid: None,
            effect: Effect::Allow,
            action: Some(OneOrMany(actions.iter().map(|action| Pattern::from(*action)).collect())),
            not_action: None,
            resource: OneOrMany(vec![Resource::Any]),
            condition: None,
        };
        Self(Document { version: Some(Version::Current), id: None, statement: OneOrMany(vec![statement]) })
    }

    /// Refuses denials that could never apply: whoever wrote `xray:GetSamplingRule` believes that something is shut which is open.
    /// `actions` are those that there are.
    pub fn check_denials(&self, actions: &[String]) -> Result<(), PolicyError> {
        for (at, statement) in
            self.0.statement.0.iter().enumerate().filter(|(_, one)| one.effect == Effect::Deny)
        {
            let number = at + 1;
            let matches = |pattern: &Pattern| actions.iter().any(|action| pattern.matches(action));
            let vain =
                statement.action.iter().flat_map(|patterns| &patterns.0).find(|pattern| !matches(pattern));
            if let Some(vain) = vain {
                let vain = vain.text();
                let near =
                    actions.iter().find(|action| action.starts_with(vain) || vain.starts_with(&***action));
                let meant = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                return Err(PolicyError::NotUnderstood(format!(
                    "statement {number} denies {vain}, which is no action here, so that it would deny nothing{meant}"
                )));
            }
            let spared = |action: &String| {
                statement.not_action.as_ref().is_some_and(|all| all.0.iter().any(|one| one.matches(action)))
            };
            if actions.iter().all(spared) {
                return Err(PolicyError::NotUnderstood(format!(
                    "statement {number} denies all but everything, so that it would deny nothing"
                )));
            }
        }
        Ok(())
    }

    /// Whether `action` (such as `xray:PutTraceSegments`) may be done from `source`.
    pub fn decide(&self, action: &str, source: IpAddr) -> Decision {
        let mut decision = Decision::NotAllowed;
        for statement in &self.0.statement.0 {
            if !statement.applies(action, source) {
                continue;
            }
            match statement.effect {
                Effect::Deny => return Decision::Denied,
                Effect::Allow => decision = Decision::Allowed,
            }
        }
        decision
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_BYTES {
            return Err(PolicyError::TooLarge);
        }
        serde_json::from_str(text).map_err(|error| PolicyError::NotUnderstood(error.to_string()))
    }
}

impl TryFrom<Document> for Policy {
    type Error = String;

    fn try_from(document: Document) -> Result<Self, String> {
        for (at, statement) in document.statement.0.iter().enumerate() {
            let number = at + 1;
            match (&statement.action, &statement.not_action) {
                (Some(_), None) | (None, Some(_)) => {}
                _ => return Err(format!("statement {number} must have either `Action` or `NotAction`")),
            }
            if matches!(&statement.condition, Some(Condition { ip_address: None, not_ip_address: None })) {
                return Err(format!("the condition of statement {number} is empty"));
            }
        }
        Ok(Self(document))
    }
}

impl From<Policy> for Document {
    fn from(policy: Policy) -> Self {
        policy.0
    }
}

impl Statement {
    fn applies(&self, action: &str, source: IpAddr) -> bool {
        let named = |patterns: &OneOrMany<Pattern>| patterns.0.iter().any(|pattern| pattern.matches(action));
        let about_action = match (&self.action, &self.not_action) {
            (Some(patterns), _) => named(patterns),
            (None, Some(patterns)) => !named(patterns),
            // `try_from` refuses it.
            (None, None) => false,
        };
        about_action && self.condition.as_ref().is_none_or(|condition| condition.holds(source))
    }
}

impl Condition {
    fn holds(&self, source: IpAddr) -> bool {
        let within = |range: &SourceIp| range.networks.0.iter().any(|network| network.contains(source));
        self.ip_address.as_ref().is_none_or(within) && !self.not_ip_address.as_ref().is_some_and(within)
    }
}
