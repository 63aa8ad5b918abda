//! Reading of an operation's members from a tree: types, constraints, and the words that AWS has for what does not fit.
//!
//! A member of the wrong kind ends the reading at once. Violated constraints are collected and reported together.

use model::Timestamp;

use super::tree::Tree;
use crate::error::fault::Fault;

/// Characters of a bad value that its message repeats.
const MAX_QUOTED: usize = 200;

/// The members of one structure of a request.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    /// Where it stands, such as `metrics.1.member.`; empty for the request itself.
    path: String,
    tree: &'a Tree,
    violations: &'a mut Vec<String>,
}

/// Reads the input of an operation; `read` sees its members, and all that they violate is told at once.
pub(crate) fn read<T>(
    tree: &Tree,
    read: impl FnOnce(&mut Members<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut violations = Vec::new();
    let input = read(&mut Members { path: String::new(), tree, violations: &mut violations })?;
    if violations.is_empty() {
        return Ok(input);
    }
    let plural = if violations.len() == 1 { "error" } else { "errors" };
    let text = format!("{} validation {plural} detected: {}", violations.len(), violations.join("; "));
    Err(Fault::validation(text))
}

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<&'a Tree> {
        self.tree.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Reports that a member does not meet a constraint.
    pub(crate) fn violated(&mut self, name: &str, constraint: &str) {
        let value = match self.get(name) {
            None => "null".to_owned(),
            Some(Tree::Text(text)) => format!("'{}'", text.chars().take(MAX_QUOTED).collect::<String>()),
            Some(Tree::Whole(whole)) => format!("'{whole}'"),
            Some(Tree::Number(number)) => format!("'{number}'"),
            Some(Tree::List(items)) => format!("'a list of {}'", items.len()),
            Some(_) => "of a structure".to_owned(),
        };
        let mut letters = name.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let member: String = first.into_iter().chain(letters).collect();
        let path = format!("{}{member}", self.path);
        self.violations.push(format!("Value {value} at '{path}' failed to satisfy constraint: {constraint}"));
    }

    pub(crate) fn require(&mut self, name: &str) {
        if !self.has(name) {
            self.violated(name, "Member must not be null");
        }
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Tree::Text(text)) => Ok(Some(text.clone())),
            Some(_) => Err(wrong_type(name, "a text")),
        }
    }

    /// A text of `min` to `max` characters.
    pub(crate) fn short_text(&mut self, name: &str, min: usize, max: usize) -> Result<Option<String>, Fault> {
        let text = self.text(name)?;
        let length = text.as_ref().map(|text| text.chars().count());
        if length.is_some_and(|length| length < min) {
            self.violated(name, &format!("Member must have length greater than or equal to {min}"));
        }
        if length.is_some_and(|length| length > max) {
            self.violated(name, &format!("Member must have length less than or equal to {max}"));
        }
        Ok(text)
    }

    pub(crate) fn required_text(&mut self, name: &str, min: usize, max: usize) -> Result<String, Fault> {
        self.require(name);
        Ok(self.short_text(name, min, max)?.unwrap_or_default())
    }

    /// One of the words of an enumeration.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &str,
        words: &[T],
        spelled: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let found = words.iter().copied().find(|word| spelled(*word) == text);
        if found.is_none() {
            let set = words.iter().map(|word| spelled(*word)).collect::<Vec<_>>().join(", ");
            self.violated(name, &format!("Member must satisfy enum value set: [{set}]"));
        }
        Ok(found)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Tree::Flag(flag)) => Ok(Some(*flag)),
            Some(Tree::Text(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Tree::Text(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(wrong_type(name, "true or false")),
        }
    }

    /// A finite number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, Fault> {
        let number = match self.get(name) {
            None => return Ok(None),
            Some(Tree::Whole(whole)) => Some(*whole as f64),
            Some(Tree::Number(number)) => Some(*number),
            Some(Tree::Text(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        number.filter(|number| number.is_finite()).map(Some).ok_or_else(|| wrong_type(name, "a number"))
    }

    /// A whole number, at least `min`.
    pub(crate) fn whole(&mut self, name: &str, min: u32) -> Result<Option<u32>, Fault> {
        let Some(number) = self.number(name)? else { return Ok(None) };
        if number < f64::from(min) {
            self.violated(name, &format!("Member must have value greater than or equal to {min}"));
        }
        if number > f64::from(i32::MAX) || number.fract() != 0.0 {
            return Err(wrong_type(name, "a whole number of 32 bits"));
        }
        Ok(Some(number.max(0.0) as u32))
    }

    /// A whole number within the bounds.
    pub(crate) fn whole_between(&mut self, name: &str, min: u32, max: u32) -> Result<Option<u32>, Fault> {
        let value = self.whole(name, min)?;
        if value.is_some_and(|value| value > max) {
            self.violated(name, &format!("Member must have value less than or equal to {max}"));
        }
        Ok(value)
    }

    /// An instant: epoch seconds with a fraction, or ISO 8601.
    pub(crate) fn instant(&self, name: &str) -> Result<Option<Timestamp>, Fault> {
        let instant = match self.get(name) {
            None => return Ok(None),
            Some(Tree::Instant(instant)) => Some(*instant),
            Some(Tree::Whole(whole)) => Some(Timestamp::from_seconds(*whole as f64)),
            Some(Tree::Number(number)) => Some(Timestamp::from_seconds(*number)),
            Some(Tree::Text(text)) => parse_instant(text),
            Some(_) => None,
        };
        instant.map(Some).ok_or_else(|| wrong_type(name, "a time"))
    }

    /// A form says an empty list by an empty text.
    fn list(&self, name: &str) -> Result<Option<&'a [Tree]>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Tree::List(items)) => Ok(Some(items)),
            Some(Tree::Text(text)) if text.is_empty() => Ok(Some(&[])),
            Some(_) => Err(wrong_type(name, "a list")),
        }
    }

    /// A list of at most `max` texts; empty where it is absent.
    pub(crate) fn texts(&mut self, name: &str, max: usize) -> Result<Vec<String>, Fault> {
        let items = self.list(name)?.unwrap_or_default();
        if items.len() > max {
            self.violated(name, &format!("Member must have length less than or equal to {max}"));
        }
        let texts = items.iter().take(max).map(|item| match item {
            Tree::Text(text) => Ok(text.clone()),
            _ => Err(wrong_type(name, "a list of texts")),
        });
        texts.collect()
    }

    /// A list of at most `max` structures, each read by `read`; nothing where it is absent.
    pub(crate) fn structures<T>(
        &mut self,
        name: &str,
        max: usize,
        mut read: impl FnMut(&mut Members<'_>) -> Result<T, Fault>,
    ) -> Result<Option<Vec<T>>, Fault> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        if items.len() > max {
            self.violated(name, &format!("Member must have length less than or equal to {max}"));
        }
        let mut all = Vec::with_capacity(items.len().min(max));
        for (index, tree) in items.iter().enumerate().take(max) {
            let path = format!("{}{}.{}.member.", self.path, name, index + 1);
            all.push(read(&mut Members { path, tree, violations: self.violations })?);
        }
        Ok(Some(all))
    }

    /// A structure; nothing where it is absent.
    pub(crate) fn structure<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Members<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let Some(tree) = self.get(name) else { return Ok(None) };
        if !matches!(tree, Tree::Object(_)) {
            return Err(wrong_type(name, "a structure"));
        }
        let path = format!("{}{name}.", self.path);
        read(&mut Members { path, tree, violations: self.violations }).map(Some)
    }
}

fn parse_instant(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(instant.as_microsecond()));
    }
    // Without a zone it is UTC.
    if let Ok(civil) = text.parse::<jiff::civil::DateTime>() {
        let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        return Some(Timestamp(zoned.timestamp().as_microsecond()));
    }
    text.parse().ok().map(Timestamp::from_seconds)
}

fn wrong_type(name: &str, wanted: &str) -> Fault {
    Fault::serialization(format!("{name} must be {wanted}"))
}
