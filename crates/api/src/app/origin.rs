//! Where a page of a browser comes from, and which of them are meant.

use std::str::FromStr;

/// `https://app.example.com`, or `https://*.example.com` for all names below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// With the `://`.
    scheme: String,
    /// With the port, if there is one. Of a wildcard what follows the star, with its dot.
    host: String,
    is_wildcard: bool,
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no origin, such as https://app.example.com or https://*.example.com");
        let text = text.trim().to_ascii_lowercase();
        let (scheme, host) = text.split_once("://").ok_or_else(wrong)?;
        let (host, is_wildcard) = match host.strip_prefix('*') {
            Some(rest) if rest.len() > 1 && rest.starts_with('.') => (rest, true),
            Some(_) => return Err(wrong()),
            None => (host, false),
        };
        let is_host =
            !host.is_empty() && host.bytes().all(|it| it.is_ascii_alphanumeric() || b".-:[]".contains(&it));
        if !matches!(scheme, "http" | "https") || !is_host {
            return Err(wrong());
        }
        Ok(Self { scheme: format!("{scheme}://"), host: host.to_owned(), is_wildcard })
    }
}

impl Origin {
    pub(crate) fn is(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        let Some(host) = origin.strip_prefix(&self.scheme) else { return false };
        match self.is_wildcard {
            true => host.len() > self.host.len() && host.ends_with(&self.host),
            false => host == self.host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    fn check(allowed: &str, origin: &str, expected: bool) {
        let allowed: Origin = allowed.parse().expect("an origin");
        assert_eq!(allowed.is(origin), expected, "{origin}");
    }

    #[test]
    fn an_origin_is_allowed_whole_or_by_what_it_ends_with() {
        check("https://app.example.com", "https://app.example.com", true);
        check("HTTPS://App.example.com", "https://app.example.com", true);
        check("https://app.example.com", "http://app.example.com", false);
        check("https://app.example.com", "https://app.example.com:8443", false);
        check("https://app.example.com", "https://app.example.com.evil.example", false);
        check("https://*.example.com", "https://a.b.example.com", true);
        check("https://*.example.com", "https://example.com", false);
        check("https://*.example.com", "https://evilexample.com", false);
        check("http://localhost:3000", "http://localhost:3000", true);
        check("http://localhost:3000", "null", false);
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in
            ["*", "example.com", "https://", "https://*", "https://*example.com", "ftp://a", "https://a/b"]
        {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
