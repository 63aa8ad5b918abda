//! The URLs behind an endpoint, and the filter that selects them again.

use std::collections::BTreeSet;

use model::TraceDigest;
use model::property::without_query;
use model::template;

use crate::filter::Quoted;

/// URLs named in one filter at most; of more, what they have in common is.
const MAX_URLS: usize = 8;

/// The URLs of one slice as they came, without their queries.
#[derive(Debug, Default)]
pub(super) struct UrlSlice {
    method: Option<String>,
    /// At most one more than [`MAX_URLS`].
    urls: BTreeSet<String>,
    /// Their schemes and hosts, as many.
    sites: BTreeSet<String>,
    has_query: bool,
    /// A rule of people wrote their template.
    is_by_rule: bool,
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
        self.is_by_rule |= digest.ruled_endpoint().is_some();
        let (base, has_query) = without_query(url);
        self.has_query |= has_query;
        keep(&mut self.urls, base);
        keep(&mut self.sites, site(base));
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.method.clone_from(&other.method);
        self.has_query |= other.has_query;
        self.is_by_rule |= other.is_by_rule;
        other.urls.iter().for_each(|url| keep(&mut self.urls, url));
        other.sites.iter().for_each(|site| keep(&mut self.sites, site));
    }

    pub(super) fn is_by_rule(&self) -> bool {
        self.is_by_rule
    }

    /// Selects these URLs, with any query where one of them had one. Where they are too many it selects what begins and ends
    /// as they do, which may be more; `None` where the template says no more than that there is a path.
    pub(super) fn filter(&self, template: &str) -> Option<String> {
        let tests = match self.urls.len() > MAX_URLS {
            true => self.alike(template)?,
            false => self.each(),
        };
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

    fn each(&self) -> Vec<String> {
        let mut tests = Vec::new();
        for url in &self.urls {
            tests.push(format!("http.url = {}", Quoted(url)));
            if self.has_query {
                tests.push(format!("http.url BEGINSWITH {}", Quoted(&format!("{url}?"))));
            }
        }
        tests
    }

    fn alike(&self, template: &str) -> Option<Vec<String>> {
        let path = template.find('/').map(|slash| &template[slash..])?;
        let literals = template::literals(path, self.is_by_rule);
        let [begin, .., end] = literals.as_slice() else { return None };
        if self.sites.len() > MAX_URLS || *begin == "/" {
            return None;
        }
        // A rule takes URLs with a slash at their end, and without.
        let end = Some(*end).filter(|end| !end.is_empty() && !self.has_query && !self.is_by_rule);
        let end = end.map(|end| format!(" AND http.url ENDSWITH {}", Quoted(end))).unwrap_or_default();
        let test = |site: &String| {
            let begin = format!("{site}{begin}");
            let test = format!("http.url BEGINSWITH {}{end}", Quoted(&begin));
            if end.is_empty() { test } else { format!("({test})") }
        };
        Some(self.sites.iter().map(test).collect())
    }
}

/// One more than are told, to know that they are too many.
fn keep(texts: &mut BTreeSet<String>, text: &str) {
    if texts.len() <= MAX_URLS && !texts.contains(text) {
        texts.insert(text.to_owned());
    }
}

/// `http://shop.example:8080`; nothing of a path alone.
fn site(url: &str) -> &str {
    let Some((scheme, rest)) = url.split_once("://") else { return "" };
    let host = rest.find('/').unwrap_or(rest.len());
    &url[..scheme.len() + 3 + host]
}
