//! The groups that traces are put into as they arrive: read once, tried on every revision of a trace.
//!
//! A trace joins a group in the minute of receipt of the document that made it match, and stays in it: a group is
//! neither told of what came before it was made, nor of what stopped matching (docs/xray.md 4.7).

use model::{TraceDigest, group};

use super::{Filter, GroupError, GroupReference};

/// All groups but the default one, which takes every trace and needs no test.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Groups {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    /// See [`group::key`].
    key: String,
    /// As it was written; `None` if it is no filter expression.
    written: Option<Filter>,
    /// With the expressions of the groups that it names in their place; `None` where that cannot be done.
    filter: Option<Filter>,
}

impl Groups {
    /// Reads the groups' expressions, each given with the group's key. What cannot be read takes no traces.
    pub fn read<'a>(groups: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let entries = groups.into_iter().map(|(key, text)| {
            let written = text.parse().ok();
            Entry { key: key.to_owned(), written, filter: None }
        });
        let mut groups = Self { entries: entries.collect() };
        let expand = |entry: &Entry| groups.expand(entry.written.clone()?).ok();
        let filters: Vec<_> = groups.entries.iter().map(expand).collect();
        for (entry, filter) in groups.entries.iter_mut().zip(filters) {
            entry.filter = filter;
        }
        groups
    }

    /// Puts the groups' expressions in the place of their names, those of the default group included.
    pub fn expand(&self, filter: Filter) -> Result<Filter, GroupError> {
        filter.with_groups(|reference| self.written(reference))
    }

    fn written(&self, reference: &GroupReference) -> Option<Filter> {
        let name = reference.group_name();
        if name == group::DEFAULT {
            return Some(Filter::default());
        }
        let entry = self.entries.iter().find(|entry| match reference {
            GroupReference::Name(name) => group::name_of(&entry.key) == name,
            GroupReference::Arn(arn) => arn.split_once(":group/").is_some_and(|(_, key)| entry.key == key),
        });
        entry.and_then(|entry| entry.written.clone())
    }

    /// The same without the group of that name: what its own expression may name.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let others = self.entries.iter().filter(|entry| group::name_of(&entry.key) != name);
        Self { entries: others.cloned().collect() }
    }

    /// Names of groups that take no traces: their expressions cannot be read, or name groups that are gone.
    pub fn excluded(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|entry| entry.filter.is_none()).map(|entry| group::name_of(&entry.key))
    }

    /// Puts the trace into every group that it matches and is not in yet.
    pub fn join(&self, digest: &mut TraceDigest) {
        let minute = digest.last_received.minute();
        for Entry { key, filter, .. } in &self.entries {
            let is_new = digest.groups.iter().all(|(joined, _)| joined != key);
            if is_new && filter.as_ref().is_some_and(|filter| filter.matches(digest)) {
                digest.groups.push((key.clone(), minute));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Minute, Timestamp};

    use super::*;
    use crate::testing::{Documents, entity};

    fn one_request() -> TraceDigest {
        Documents::default().segment(0.0, entity(1, "web", 0.0, 1.0)).digest()
    }

    fn groups(groups: &[(&str, &str)]) -> Groups {
        Groups::read(groups.iter().copied())
    }

    fn check_expanded(groups: &Groups, text: &str, expected: Result<&str, &str>) {
        let expanded = groups.expand(text.parse().unwrap());
        let found = expanded.map(|filter| filter.to_string()).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn names_and_arns_stand_for_expressions() {
        let groups = groups(&[("shop/ONE", "fault"), ("outer/TWO", r#"group.name = "shop" AND partial"#)]);
        check_expanded(&groups, r#"group.name = "shop""#, Ok("fault"));
        check_expanded(&groups, r#"group.arn = "arn:aws:xray:r:1:group/shop/ONE""#, Ok("fault"));
        check_expanded(&groups, r#"group.name = "outer""#, Ok("fault AND partial"));
        check_expanded(&groups, r#"group.name = "none""#, Err("group not found: none"));
        let old = r#"group.arn = "arn:aws:xray:r:1:group/shop/OLD""#;
        check_expanded(&groups, old, Err("group not found: shop"));
        check_expanded(&groups.without("shop"), r#"group.name = "shop""#, Err("group not found: shop"));
    }

    #[test]
    fn a_group_that_names_one_that_is_gone_takes_nothing() {
        let groups = groups(&[
            ("a/1", r#"group.name = "gone""#),
            ("b/2", ""),
            ("c/3", r#"group.name = "c""#),
            ("d/4", "no filter ("),
        ]);
        assert_eq!(groups.excluded().collect::<Vec<_>>(), ["a", "c", "d"]);
        let mut digest = one_request();
        groups.join(&mut digest);
        assert_eq!(digest.groups.len(), 1);
    }

    #[test]
    fn a_trace_joins_where_it_first_matches_and_stays() {
        let mut digest = one_request();
        let at = |minute: i64| Timestamp(minute * 60_000_000 + 1);
        let shop = groups(&[("shop/1", "partial")]);
        for (minute, is_partial, expected) in
            [(1, false, None), (2, true, Some(2)), (3, true, Some(2)), (4, false, Some(2))]
        {
            (digest.last_received, digest.is_partial) = (at(minute), is_partial);
            shop.join(&mut digest);
            let expected: Vec<_> =
                expected.map(|joined| ("shop/1".to_owned(), Minute(joined))).into_iter().collect();
            assert_eq!(digest.groups, expected);
        }
        groups(&[("shop/2", "")]).join(&mut digest);
        assert_eq!(digest.groups.len(), 2, "made again, it is another group");
    }
}
