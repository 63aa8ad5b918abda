//! Names of actions with wildcards: `xray:Get*`.

use serde::{Deserialize, Serialize};

/// `*` stands for any characters, `?` for one. Case does not matter in actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Pattern(String);

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Pattern {
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    pub(super) fn matches(&self, action: &str) -> bool {
        let (pattern, action) = (self.0.as_bytes(), action.as_bytes());
        let (mut at, mut next) = (0, 0);
        // After the last star: where the pattern goes on, and how much of the action the star has taken.
        let mut star: Option<(usize, usize)> = None;
        while next < action.len() {
            match pattern.get(at) {
                Some(b'*') => {
                    at += 1;
                    star = Some((at, next));
                    continue;
                }
                Some(byte) if *byte == b'?' || byte.eq_ignore_ascii_case(&action[next]) => {
                    (at, next) = (at + 1, next + 1);
                    continue;
                }
                _ => {}
            }
            let Some((after, taken)) = star else { return false };
            star = Some((after, taken + 1));
            (at, next) = (after, taken + 1);
        }
        pattern[at..].iter().all(|byte| *byte == b'*')
    }
}
