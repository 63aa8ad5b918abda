//! Everything that is set up, as one value.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Timestamp;
use model::group::{self, Group};
use sampling::rule::DEFAULT_RULE_NAME;
use sampling::{SamplingRule, SamplingRuleRecord};

use crate::account::Account;
use crate::alarm::{AlarmRecord, MuteRecord};
use crate::group::GroupRecord;
use crate::log_link::LogLinksRecord;
use crate::notifier::NotifierRecord;
use crate::policy::ResourcePolicy;
use crate::subscription::Subscription;
use crate::tag::Tags;
use crate::transaction_search::{Destination, IndexingRule};
use crate::url_rule::UrlRulesRecord;
use crate::view::SavedView;

/// A snapshot. The default rule and the default group are always there.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// By name.
    pub rules: BTreeMap<String, SamplingRuleRecord>,
    /// When a rule was last made, changed or deleted.
    pub rules_modified: Timestamp,
    /// By name.
    pub groups: BTreeMap<String, GroupRecord>,
    /// By ARN of the resource.
    pub tags: BTreeMap<String, Tags>,
    /// By name.
    pub policies: BTreeMap<String, ResourcePolicy>,
    /// By name.
    pub notifiers: BTreeMap<String, NotifierRecord>,
    /// By id.
    pub subscriptions: BTreeMap<String, Subscription>,
    /// By name.
    pub alarms: BTreeMap<String, Arc<AlarmRecord>>,
    /// By name.
    pub mutes: BTreeMap<String, MuteRecord>,
    pub url_rules: UrlRulesRecord,
    pub log_links: LogLinksRecord,
    /// By name.
    pub views: BTreeMap<String, SavedView>,
    pub indexing: IndexingRule,
    pub destination: Destination,
    pub destination_changed: Timestamp,
}

impl Snapshot {
    /// What a new server has.
    pub(crate) fn initial(account: &Account) -> Self {
        let rule = SamplingRule::default_rule(&account.region, &account.id);
        let epoch = Timestamp(0);
        let rule = SamplingRuleRecord { rule, created: epoch, modified: epoch };
        let default = GroupRecord {
            group: Group::default_group(),
            key: group::DEFAULT.to_owned(),
            filter_changed: None,
        };
        Self {
            rules: BTreeMap::from([(DEFAULT_RULE_NAME.to_owned(), rule)]),
            rules_modified: epoch,
            groups: BTreeMap::from([(group::DEFAULT.to_owned(), default)]),
            tags: BTreeMap::new(),
            policies: BTreeMap::new(),
            notifiers: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            alarms: BTreeMap::new(),
            mutes: BTreeMap::new(),
            url_rules: UrlRulesRecord::default(),
            log_links: LogLinksRecord::default(),
            views: BTreeMap::new(),
            indexing: IndexingRule::default(),
            destination: Destination::default(),
            destination_changed: epoch,
        }
    }

    /// The rules in X-Ray's order: by name, with the default rule last.
    pub fn rules_in_order(&self) -> impl Iterator<Item = &SamplingRuleRecord> {
        let own = self.rules.values().filter(|record| !record.rule.is_default());
        own.chain(self.rules.get(DEFAULT_RULE_NAME))
    }

    /// The groups with the default group first, then by name.
    pub fn groups_in_order(&self) -> impl Iterator<Item = &GroupRecord> {
        let own = self.groups.values().filter(|record| record.group.name != group::DEFAULT);
        self.groups.get(group::DEFAULT).into_iter().chain(own)
    }
}
