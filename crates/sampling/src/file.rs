//! Local rule files, versions 1 and 2, as the SDKs read them.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-python-configuration.html#xray-sdk-python-configuration-sampling>
//!
//! The versions differ only in what the host's matcher is called: `service_name` in 1, `host` in 2. Where the
//! SDKs disagree the stricter one counts, so that a file that passes here works in all of them. Two things are
//! taken nevertheless: comments, which only Java reads, and a byte order mark, which only .NET does.

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value};

use crate::matching::{Request, matches_if_known};

/// The largest file that is read. Real ones have a few hundred bytes.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;

/// Its default is what every SDK does where nothing is configured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleFile {
    /// In the order in which they are asked.
    pub rules: Vec<LocalRule>,
    pub default: DefaultRule,
}

#[derive(Debug, Clone, PartialEq)]
pub struct LocalRule {
    pub description: Option<String>,
    pub host: String,
    pub http_method: String,
    pub url_path: String,
    /// Requests a second that each process records in any case.
    pub fixed_target: u32,
    /// The share of the rest, 0 to 1.
    pub rate: f64,
}

/// For requests that no rule matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DefaultRule {
    pub fixed_target: u32,
    pub rate: f64,
}

/// What is wrong with a rule file, and in which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleFileError {
    TooLarge(usize),
    Syntax(String),
    NotAnObject,
    Version(String),
    /// `place` is the rule, such as `rules[3] ("checkout")` or `default`.
    Rule {
        place: String,
        field: &'static str,
        problem: String,
    },
}

impl Error for RuleFileError {}

impl fmt::Display for RuleFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(bytes) => {
                write!(f, "the file has {bytes} bytes; at most {MAX_FILE_BYTES} are read")
            }
            Self::Syntax(problem) => write!(f, "not JSON: {problem}"),
            Self::NotAnObject => f.write_str("the file is not a JSON object"),
            Self::Version(version) => write!(f, "`version` is {version}; it must be 1 or 2"),
            Self::Rule { place, field, problem } => write!(f, "{place}: `{field}` {problem}"),
        }
    }
}

impl Default for DefaultRule {
    fn default() -> Self {
        Self { fixed_target: 1, rate: 0.05 }
    }
}

impl LocalRule {
    /// What is not known of a request matches anything. Host, method and path are all that counts here.
    pub fn matches(&self, request: &Request<'_>) -> bool {
        matches_if_known(&self.host, request.host)
            && matches_if_known(&self.http_method, request.http_method)
            && matches_if_known(&self.url_path, request.url_path)
    }
}

impl RuleFile {
    pub fn parse(text: &str) -> Result<Self, RuleFileError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(RuleFileError::TooLarge(text.len()));
        }
        let text = without_comments(text.strip_prefix('\u{feff}').unwrap_or(text));
        let file: Value =
            serde_json::from_str(&text).map_err(|error| RuleFileError::Syntax(error.to_string()))?;
        let Value::Object(file) = file else { return Err(RuleFileError::NotAnObject) };
        let host_field = match file.get("version") {
            Some(version) if version.as_u64() == Some(1) => "service_name",
            Some(version) if version.as_u64() == Some(2) => "host",
            Some(version) => return Err(RuleFileError::Version(version.to_string())),
            None => return Err(RuleFileError::Version("missing".to_owned())),
        };
        let default = default_rule(file.get("default"))?;
        let rules = match file.get("rules") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(rules)) => {
                let rules = rules.iter().enumerate();
                rules.map(|(index, rule)| local_rule(index, rule, host_field)).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(fault("the file", "rules", "is not an array")),
        };
        Ok(Self { rules, default })
    }
}

fn default_rule(value: Option<&Value>) -> Result<DefaultRule, RuleFileError> {
    let Some(Value::Object(rule)) = value else {
        return Err(fault("the file", "default", "is missing or not an object"));
    };
    for field in ["host", "service_name", "http_method", "url_path"] {
        if rule.get(field).is_some_and(|value| !value.is_null()) {
            return Err(fault("default", field, "must not be set: the default is for all other requests"));
        }
    }
    Ok(DefaultRule { fixed_target: fixed_target("default", rule)?, rate: rate("default", rule)? })
}

fn local_rule(index: usize, value: &Value, host_field: &'static str) -> Result<LocalRule, RuleFileError> {
    let Value::Object(rule) = value else {
        return Err(RuleFileError::Rule {
            place: "the file".to_owned(),
            field: "rules",
            problem: format!("[{index}] is not an object"),
        });
    };
    let description = rule.get("description").and_then(Value::as_str).map(str::to_owned);
    let place = match &description {
        Some(description) => format!("rules[{index}] ({description:?})"),
        None => format!("rules[{index}]"),
    };
    let other_host_field = if host_field == "host" { "service_name" } else { "host" };
    if rule.get(other_host_field).is_some_and(|value| !value.is_null()) {
        let problem = format!("belongs to the other version of the format; in this one it is `{host_field}`");
        return Err(RuleFileError::Rule { place, field: other_host_field, problem });
    }
    Ok(LocalRule {
        host: pattern(&place, rule, host_field)?,
        http_method: pattern(&place, rule, "http_method")?,
        url_path: pattern(&place, rule, "url_path")?,
        fixed_target: fixed_target(&place, rule)?,
        rate: rate(&place, rule)?,
        description,
    })
}

fn pattern(place: &str, rule: &Map<String, Value>, field: &'static str) -> Result<String, RuleFileError> {
    match rule.get(field) {
        Some(Value::String(pattern)) if !pattern.is_empty() => Ok(pattern.clone()),
        Some(Value::String(_)) => Err(fault(place, field, "is empty; `*` matches anything")),
        Some(Value::Null) | None => Err(fault(place, field, "is missing; `*` matches anything")),
        Some(_) => Err(fault(place, field, "is not a string")),
    }
}

fn fixed_target(place: &str, rule: &Map<String, Value>) -> Result<u32, RuleFileError> {
    let field = "fixed_target";
    let value = rule.get(field).ok_or_else(|| fault(place, field, "is missing"))?;
    let whole = value.as_u64().and_then(|target| u32::try_from(target).ok());
    whole.ok_or_else(|| fault(place, field, "is not a whole number of requests a second"))
}

fn rate(place: &str, rule: &Map<String, Value>) -> Result<f64, RuleFileError> {
    let field = "rate";
    let value = rule.get(field).ok_or_else(|| fault(place, field, "is missing"))?;
    let rate = value.as_f64().filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or_else(|| fault(place, field, "is not a number from 0 to 1"))
}

fn fault(place: &str, field: &'static str, problem: &str) -> RuleFileError {
    RuleFileError::Rule { place: place.to_owned(), field, problem: problem.to_owned() }
}

/// The text with each `//` comment gone, so that lines and columns of errors stay right.
fn without_comments(text: &str) -> String {
    let lines = text.split('\n').map(|line| match comment_start(line) {
        Some(start) => &line[..start],
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Where a comment begins in a line. No string of JSON goes on over the end of its line.
fn comment_start(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut in_string = false;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => in_string = !in_string,
            b'\\' if in_string => at += 1,
            b'/' if !in_string && bytes.get(at + 1) == Some(&b'/') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(RuleFile::parse(text).expect_err(text).to_string(), expected);
    }

    fn file(rule: &str) -> String {
        format!(r#"{{"version":2,"default":{{"fixed_target":1,"rate":0.05}},"rules":[{rule}]}}"#)
    }

    #[test]
    fn errors_name_the_rule_and_the_field() {
        refused("{", "not JSON: EOF while parsing an object at line 1 column 1");
        refused("[]", "the file is not a JSON object");
        refused("{}", "`version` is missing; it must be 1 or 2");
        refused(r#"{"version":3}"#, "`version` is 3; it must be 1 or 2");
        refused(r#"{"version":1}"#, "the file: `default` is missing or not an object");
        refused(r#"{"version":1,"default":{"rate":1}}"#, "default: `fixed_target` is missing");
        refused(&file("5"), "the file: `rules` [0] is not an object");
        let rule =
            |fields: &str| file(&format!(r#"{{"host":"*","http_method":"*","url_path":"*",{fields}}}"#));
        refused(&rule(r#""fixed_target":1"#), "rules[0]: `rate` is missing");
        refused(&rule(r#""fixed_target":1,"rate":1.5"#), "rules[0]: `rate` is not a number from 0 to 1");
        refused(
            &rule(r#""fixed_target":-1,"rate":1,"description":"x""#),
            "rules[0] (\"x\"): `fixed_target` is not a whole number of requests a second",
        );
        refused(&file(r#"{"host":""}"#), "rules[0]: `host` is empty; `*` matches anything");
        refused(
            &file(r#"{"service_name":"*"}"#),
            "rules[0]: `service_name` belongs to the other version of the format; in this one it is `host`",
        );
        refused(&" ".repeat(MAX_FILE_BYTES + 1), "the file has 1048577 bytes; at most 1048576 are read");
    }

    #[test]
    fn comments_are_left_out_and_strings_are_not() {
        let rule = r#"{"host":"http://x","http_method":"a\"//b","url_path":"//", // "rate": 5
            "fixed_target":0,"rate":0} // the end"#;
        let rules = RuleFile::parse(&file(&format!("{rule}\n"))).unwrap().rules;
        assert_eq!((rules[0].host.as_str(), rules[0].http_method.as_str()), ("http://x", "a\"//b"));
        assert_eq!(rules[0].url_path, "//");
    }
}
