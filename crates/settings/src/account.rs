//! The account and region in whose name resources are called, and the ARNs made of them.

use crate::error::SettingsError;

/// What stands in ARNs. Fluoro itself has neither accounts nor regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    pub region: String,
}

/// How a request names a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    Name(String),
    Arn(String),
}

impl Account {
    /// The ARN of a resource such as `sampling-rule/Default`.
    pub fn arn(&self, resource: &str) -> String {
        format!("arn:aws:xray:{}:{}:{resource}", self.region, self.id)
    }

    /// The ARN of a resource of another service.
    pub(crate) fn arn_of(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.id)
    }

    /// An ARN without account and region, so that what is kept under it survives when those are set to something else:
    /// `group/shop/ID` of X-Ray, `cloudwatch:alarm:NAME` of others.
    pub(crate) fn kept(&self, arn: &str) -> String {
        if let Some(resource) = self.resource(arn) {
            return resource.to_owned();
        }
        let service =
            arn.strip_prefix("arn:aws:").and_then(|rest| rest.split(':').next()).unwrap_or_default();
        match arn.strip_prefix(&self.arn_of(service, "")) {
            Some(resource) => format!("{service}:{resource}"),
            None => arn.to_owned(),
        }
    }

    /// The ARN again of what is [kept](Self::kept).
    pub(crate) fn arn_again(&self, kept: &str) -> String {
        match kept.split_once(':') {
            Some((service, resource)) if !service.contains('/') => self.arn_of(service, resource),
            _ => self.arn(kept),
        }
    }

    /// The resource that an ARN of this account names.
    pub fn resource<'a>(&self, arn: &'a str) -> Option<&'a str> {
        arn.strip_prefix(&self.arn(""))
    }

    /// The name of a sampling rule, whether or not there is one.
    pub fn rule_name(&self, named: &Named) -> Result<String, SettingsError> {
        let name = match named {
            Named::Name(name) => Some(name.as_str()),
            Named::Arn(arn) => {
                self.resource(arn).and_then(|resource| resource.strip_prefix("sampling-rule/"))
            }
        };
        let is_usable = |name: &&str| (1..=32).contains(&name.chars().count());
        let name =
            name.filter(is_usable).ok_or(SettingsError::Refused("Sampling rule does not exist".into()));
        name.map(ToOwned::to_owned)
    }
}
