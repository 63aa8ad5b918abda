//! The URLs behind an endpoint, and the filter that selects them again.

use std::collections::BTreeSet;

use model::TraceDigest;
use model::property::without_query;

use crate::filter::Quoted;

/// URLs named in one filter at most; a slice of more has no filter.
const MAX_URLS: usize = 8;
/// The URLs of one slice as they came, without their queries.
#[derive(Debug, Default)]
pub(super) struct UrlSlice {
    method: Option<String>,
    /// At most one more than [`MAX_URLS`].
    urls: BTreeSet<String>,
    has_query: bool,
}

impl UrlSlice {
    pub(super) fn add(&mut self, digest: &TraceDigest) {
        let Some(http) = digest.root.as_ref().map(|root| &root.http) else {
            return;
        };
        let Some(url) = &http.url else {
            return;
        };
        self.method.clone_from(&http.method);
        let (base, has_query) = without_query(url);
        self.has_query |= has_query;
        if self.urls.len() <= MAX_URLS && !self.urls.contains(base) {
            self.urls.insert(base.to_owned());
        }
    }

    /// Selects these URLs, with any query where one of them had one; `None` where they are too many.
    pub(super) fn filter(&self) -> Option<String> {
        if self.urls.len() > MAX_URLS {
            return None;
        }
        let mut tests = Vec::new();
        for url in &self.urls {
            tests.push(format!("http.url = {}", Quoted(url)));
            if self.has_query {
                tests.push(format!("http.url BEGINSWITH {}", Quoted(&format!("{url}?"))));
            }
        }
        let method = match &self.method {
            Some(method) => format!("http.method = {}", Quoted(method)),
            None => "!http.method".to_owned(),
        };
        match tests.as_slice() {
            [] => None,
            [test] => Some(format!("{method} AND {test}")),
            _ => Some(format!("{method} AND ({})", tests.join(" OR "))),
        }
    }
}
