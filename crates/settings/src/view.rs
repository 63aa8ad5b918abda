//! Views that people saved: a page of the console with what was chosen on it, under a name.

use model::Timestamp;

use crate::error::SettingsError;
use crate::settings::Settings;

/// Views at most.
pub const MAX_VIEWS: usize = 200;
/// Characters of a name, and of what was chosen.
const MAX_VIEW_NAME: usize = 100;
const MAX_VIEW_QUERY: usize = 8_000;

/// The pages of which there are views.
const VIEW_PAGES: [&str; 3] = ["/traces", "/analytics", "/exceptions"];

/// A view. Its name is one over all pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    pub name: String,
    /// One of those that may have any.
    pub page: String,
    /// What follows the `?` of its address.
    pub query: String,
    pub saved: Timestamp,
}

impl SavedView {
    /// Whether it leads to a page of the console and nowhere else; if not, why.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self { name, page, query, .. } = self;
        if name.is_empty() || name.chars().count() > MAX_VIEW_NAME {
            return Err(format!("name: it must have 1 to {MAX_VIEW_NAME} characters"));
        }
        if name.chars().any(char::is_control) {
            return Err("name: no control characters".to_owned());
        }
        if !VIEW_PAGES.contains(&page.as_str()) {
            return Err(format!("page: it must be one of {}", VIEW_PAGES.join(", ")));
        }
        if query.chars().count() > MAX_VIEW_QUERY || query.chars().any(|one| one.is_control() || one == '#') {
            return Err(format!(
                "query: it must be what follows the ? of an address, of {MAX_VIEW_QUERY} characters at most"
            ));
        }
        Ok(())
    }
}

impl Settings {
    /// Saves a view, or replaces the one of the name where that is meant.
    pub fn save_view(&self, view: SavedView, replaces: bool) -> Result<SavedView, SettingsError> {
        let name = view.name.trim().to_owned();
        let view = SavedView { name, ..view };
        view.check().map_err(SettingsError::refused)?;
        self.change(|snapshot| {
            let is_there = snapshot.views.contains_key(&view.name);
            if is_there && !replaces {
                return Err(SettingsError::refused(format!("name: there is a view {} already", view.name)));
            }
            if !is_there && snapshot.views.len() >= MAX_VIEWS {
                return Err(SettingsError::refused(format!(
                    "there are {MAX_VIEWS} views already, which is the limit; delete one"
                )));
            }
            snapshot.views.insert(view.name.clone(), view.clone());
            Ok(view)
        })
    }

    pub fn delete_view(&self, name: &str) -> Result<(), SettingsError> {
        self.change(|snapshot| {
            let gone = snapshot.views.remove(name).map(|_| ());
            gone.ok_or_else(|| SettingsError::NotFound { resource: format!("view {name}") })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Account;

    fn view(name: &str, page: &str, query: &str) -> SavedView {
        SavedView {
            name: name.to_owned(),
            page: page.to_owned(),
            query: query.to_owned(),
            saved: Timestamp(7),
        }
    }

    #[test]
    fn views_are_kept_replaced_where_that_is_meant_and_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let account = || Account { id: "1".to_owned(), region: "r".to_owned() };
        let settings = Settings::open(directory.path(), account()).unwrap();
        settings.save_view(view(" late orders ", "/traces", "filter=a"), false).unwrap();
        let again = settings.save_view(view("late orders", "/analytics", ""), false).unwrap_err();
        assert!(again.to_string().contains("there is a view late orders already"), "{again}");
        settings.save_view(view("late orders", "/analytics", "a=b"), true).unwrap();
        settings.save_view(view("other", "/exceptions", ""), false).unwrap();
        settings.delete_view("other").unwrap();
        assert!(matches!(settings.delete_view("other"), Err(SettingsError::NotFound { .. })));
        drop(settings);
        let views = Settings::open(directory.path(), account()).unwrap().snapshot().views.clone();
        assert_eq!(views.into_values().collect::<Vec<_>>(), [view("late orders", "/analytics", "a=b")]);
    }

    #[test]
    fn what_is_no_view_is_refused() {
        let settings = Settings::in_memory(Account { id: "1".to_owned(), region: "r".to_owned() }).unwrap();
        let check = |view: SavedView, expected: &str| {
            let said = settings.save_view(view, false).unwrap_err().to_string();
            assert!(said.starts_with(expected), "{said}");
        };
        check(view("  ", "/traces", ""), "name: ");
        check(view(&"a".repeat(101), "/traces", ""), "name: ");
        check(view("a\u{1b}", "/traces", ""), "name: ");
        check(view("a", "https://evil.example/", ""), "page: ");
        check(view("a", "/traces", "a#b"), "query: ");
        check(view("a", "/traces", &"a".repeat(8_001)), "query: ");
    }
}
