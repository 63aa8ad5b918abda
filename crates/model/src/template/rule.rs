//! Rules of people: which URLs of a service are one, and as what they are shown.
//!
//! A rule is a service and the pattern of a path. The first one that takes a URL decides, and the pattern, as it is
//! written, is the URL's template. So a rule can name what looks like a word, and keep what looks like an id.

use super::{path_of, with_method};
use crate::rule::RuleError;
use crate::wildcard;

/// Each URL is held against each rule, so there is a bound.
pub const MAX_RULES: usize = 200;
/// Characters of a service's pattern, and of a path's.
pub const MAX_LENGTH: usize = 256;
/// At the end of a pattern: whatever follows, one part or more.
pub(super) const REST: &str = "*";

/// A rule as people write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlRule {
    /// A [wildcard] for the name of the service.
    pub service: String,
    /// Such as `/orders/{order}/items/*`: a name in braces is any one part, a `*` at the end the rest.
    pub path: String,
}

/// The rules in the order in which they are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UrlRules {
    rules: Vec<UrlRule>,
    /// Of each rule, what its path asks for.
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    parts: Vec<Part>,
    has_rest: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Without percent encoding.
    Is(Vec<u8>),
    /// Anything but nothing.
    Any,
}

impl UrlRules {
    /// Reads rules, or says what is wrong with the first one that cannot be read.
    pub fn read(rules: Vec<UrlRule>) -> Result<Self, RuleError> {
        if rules.len() > MAX_RULES {
            return Err(RuleError::TooMany { most: MAX_RULES });
        }
        let mut patterns = Vec::with_capacity(rules.len());
        for (place, rule) in rules.iter().enumerate() {
            let wrong = |member, character, what: &'static str| RuleError::Wrong {
                rule: place + 1,
                member,
                character,
                what: what.into(),
            };
            check_service(&rule.service).map_err(|what| wrong("service", None, what))?;
            let pattern = Pattern::read(&rule.path);
            patterns.push(pattern.map_err(|(character, what)| wrong("path", character, what))?);
        }
        Ok(Self { rules, patterns })
    }

    pub fn as_slice(&self) -> &[UrlRule] {
        &self.rules
    }

    /// The place of the rule that takes a URL of the service.
    pub fn place(&self, service: &str, url: &str) -> Option<usize> {
        if self.rules.is_empty() {
            return None;
        }
        let path = path_of(url).strip_prefix('/')?;
        let takes = |(pattern, rule): (&Pattern, &UrlRule)| {
            pattern.takes(path) && wildcard::matches(&rule.service, service)
        };
        self.patterns.iter().zip(&self.rules).position(takes)
    }

    /// `POST /orders/{order}`: the method and the pattern of the rule that takes the URL.
    pub fn operation(&self, service: &str, method: Option<&str>, url: &str) -> Option<String> {
        let rule = &self.rules[self.place(service, url)?];
        Some(with_method(method, rule.path.clone()))
    }

    /// Whether some rule has this pattern.
    pub fn has_path(&self, path: &str) -> bool {
        self.rules.iter().any(|rule| rule.path == path)
    }
}

impl Pattern {
    /// What is wrong comes with the number of its character, where it has one.
    fn read(path: &str) -> Result<Self, (Option<usize>, &'static str)> {
        if path.chars().count() > MAX_LENGTH {
            return Err((None, "it is longer than 256 characters"));
        }
        let Some(rest) = path.strip_prefix('/') else {
            return Err((Some(1), "a path begins with a slash"));
        };
        let mut pattern = Self { parts: Vec::new(), has_rest: false };
        if rest.is_empty() {
            return Ok(pattern);
        }
        let count = rest.split('/').count();
        let mut character = 2;
        for (number, part) in rest.split('/').enumerate() {
            let is_last = number + 1 == count;
            let at = |byte: usize| character + part[..byte].chars().count();
            if is_last && part.is_empty() {
                return Err((
                    Some(at(0) - 1),
                    "leave out the slash at the end: URLs are taken with it and without",
                ));
            }
            if let Some(byte) =
                part.find(|letter: char| letter.is_control() || letter == '?' || letter == '#')
            {
                return Err((Some(at(byte)), "a path has no query, no fragment and no control characters"));
            }
            if is_last && part == REST {
                pattern.has_rest = true;
            } else if let Some(byte) = part.find('*') {
                return Err((
                    Some(at(byte)),
                    "a * stands alone at the end, for the rest; the character itself is %2A",
                ));
            } else if part.starts_with('{') && part.ends_with('}') {
                let name = &part[1..part.len() - 1];
                let is_name = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
                if name.is_empty() || !name.chars().all(is_name) {
                    let what = "a name in braces has letters, digits, hyphens, dots and underscores, and one at least";
                    return Err((Some(at(0)), what));
                }
                pattern.parts.push(Part::Any);
            } else if let Some(byte) = part.find(['{', '}']) {
                let what = "a name in braces is a whole part, such as /orders/{order}; the braces themselves are %7B and %7D";
                return Err((Some(at(byte)), what));
            } else {
                pattern.parts.push(Part::Is(decoded(part).collect()));
            }
            character += part.chars().count() + 1;
        }
        Ok(pattern)
    }

    /// Whether it is the pattern of a path, which is given without the slash that it begins with.
    fn takes(&self, path: &str) -> bool {
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut given =
            Some(path).filter(|path| !path.is_empty()).into_iter().flat_map(|path| path.split('/'));
        for part in &self.parts {
            let is_like = match (part, given.next()) {
                (_, None) => false,
                (Part::Any, Some(given)) => !given.is_empty(),
                (Part::Is(wanted), Some(given)) => decoded(given).eq(wanted.iter().copied()),
            };
            if !is_like {
                return false;
            }
        }
        given.next().is_some() == self.has_rest
    }
}

fn check_service(service: &str) -> Result<(), &'static str> {
    match service {
        "" => Err("name a service, or write * for all of them"),
        long if long.chars().count() > MAX_LENGTH => Err("it is longer than 256 characters"),
        text if text.chars().any(char::is_control) => Err("it has a control character"),
        _ => Ok(()),
    }
}

/// The bytes of a part of a path, `%41` read as `A`. What only looks like an encoded byte stays.
fn decoded(part: &str) -> impl Iterator<Item = u8> + '_ {
    let bytes = part.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let &byte = bytes.get(at)?;
        let digit = |place: usize| bytes.get(place).and_then(|&digit| char::from(digit).to_digit(16));
        let encoded = digit(at + 1).zip(digit(at + 2)).filter(|_| byte == b'%');
        let Some((high, low)) = encoded else {
            at += 1;
            return Some(byte);
        };
        at += 3;
        Some((high << 4 | low) as u8)
    })
}

#[cfg(test)]
mod tests;
