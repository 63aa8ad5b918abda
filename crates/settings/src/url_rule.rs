//! Rules for URLs: as what people want to see them. They are replaced as a whole, since their order decides.

use std::sync::Arc;

use model::template::rule::UrlRules;

use crate::error::{SettingsError, check_revision};
use crate::settings::Settings;

/// The rules, and how often they were replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UrlRulesRecord {
    pub rules: Arc<UrlRules>,
    pub revision: u64,
}

impl Settings {
    /// Replaces the rules. With the revision of those that the caller saw nobody takes away what another one added
    /// meanwhile.
    pub fn set_url_rules(
        &self,
        rules: UrlRules,
        revision: Option<u64>,
    ) -> Result<UrlRulesRecord, SettingsError> {
        self.change(|snapshot| {
            let known = snapshot.url_rules.revision;
            check_revision("rules", known, revision)?;
            snapshot.url_rules = UrlRulesRecord { rules: Arc::new(rules), revision: known + 1 };
            Ok(snapshot.url_rules.clone())
        })
    }
}
