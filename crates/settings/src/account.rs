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
