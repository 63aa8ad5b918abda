//! The built web application, embedded: a leaf with almost no dependencies, since every change of one
//! would compile the assets in again.
//!
//! A release build carries the files of `console/web/dist` as they were when it was compiled. A debug build
//! reads them at run time, so `npm run build` alone is enough there.

use std::borrow::Cow;

/// Stands in for `index.html` while the web application is not built, so that a build needs no Node.
pub const PLACEHOLDER: &str = include_str!("placeholder.html");

#[derive(rust_embed::Embed)]
#[folder = "../../console/web/dist"]
#[allow_missing = true]
#[exclude = "*.map"]
struct Dist;

/// One file of the web application.
#[derive(Debug, Clone)]
pub struct Asset {
    pub data: Cow<'static, [u8]>,
    /// SHA-256 of the data.
    pub hash: [u8; 32],
}

/// The file at `path` below `dist`, such as `assets/index-3f2a.js`; `None` where there is no such file.
pub fn asset(path: &str) -> Option<Asset> {
    let file = Dist::get(path)?;
    Some(Asset { data: file.data, hash: file.metadata.sha256_hash() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_folder_is_served() {
        for path in ["../package.json", "assets/../../package.json", "/etc/passwd", ""] {
            assert!(asset(path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_placeholder_runs_under_the_strict_policy() {
        for forbidden in ["<script", "<style", "style=", "http://", "https://"] {
            assert!(!PLACEHOLDER.contains(forbidden), "{forbidden}");
        }
    }
}
