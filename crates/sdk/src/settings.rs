//! What is set up: by code, and by the environment, which is stronger.

use std::fmt;

use crate::address::DaemonAddress;
use crate::missing::ContextMissing;

/// What is wrong with the set-up: all of it at once, each with its key and remedy.
///
/// ```
/// let built = fluoro_sdk::Recorder::builder().daemon("nowhere").sampling_rules("{").build();
/// let error = built.expect_err("both are wrong");
/// assert_eq!(error.problems().len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<String>,
}

impl ConfigError {
    pub(crate) fn of(problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    pub(crate) fn one(problem: String) -> Self {
        Self { problems: vec![problem] }
    }

    /// Each mistake in a sentence.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("; "))
    }
}

impl std::error::Error for ConfigError {}

/// What the environment says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Environment {
    pub(crate) is_disabled: bool,
    pub(crate) context_missing: Option<ContextMissing>,
    pub(crate) daemon: Option<DaemonAddress>,
    pub(crate) tracing_name: Option<String>,
    pub(crate) log_level: Option<log::LevelFilter>,
    pub(crate) collects_sql: Option<bool>,
    pub(crate) log_group: Option<String>,
    pub(crate) is_lambda: bool,
    /// Values that are not understood: each is told once, and the default counts.
    pub(crate) warnings: Vec<String>,
}

impl Environment {
    pub(crate) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let variable =
            |key: &str| variable(key).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let mut environment = Self::default();
        // Python's variable and its words, and Go's.
        if let Some(enabled) = variable("AWS_XRAY_SDK_ENABLED") {
            match enabled.to_ascii_lowercase().as_str() {
                "y" | "yes" | "t" | "true" | "1" => {}
                "n" | "no" | "f" | "false" | "0" => environment.is_disabled = true,
                _ => environment.warn("AWS_XRAY_SDK_ENABLED", &enabled, "true or false; it stays enabled"),
            }
        }
        environment.is_disabled |=
            variable("AWS_XRAY_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if let Some(strategy) = variable("AWS_XRAY_CONTEXT_MISSING") {
            environment.context_missing = ContextMissing::read(&strategy);
            if environment.context_missing.is_none() {
                environment.warn(
                    "AWS_XRAY_CONTEXT_MISSING",
                    &strategy,
                    "LOG_ERROR, RUNTIME_ERROR or IGNORE_ERROR",
                );
            }
        }
        if let Some(address) = variable("AWS_XRAY_DAEMON_ADDRESS") {
            match DaemonAddress::parse(&address) {
                Ok(address) => environment.daemon = Some(address),
                Err(problem) => {
                    let problem =
                        format!("AWS_XRAY_DAEMON_ADDRESS: {problem}; documents go to 127.0.0.1:2000");
                    environment.warnings.push(problem);
                    environment.daemon = Some(DaemonAddress::default());
                }
            }
        }
        environment.tracing_name = variable("AWS_XRAY_TRACING_NAME");
        environment.log_level = match variable("AWS_XRAY_LOG_LEVEL") {
            Some(level) => environment.level(&level),
            None => None,
        };
        environment.collects_sql =
            variable("AWS_XRAY_COLLECT_SQL_QUERIES").map(|value| value.eq_ignore_ascii_case("true"));
        environment.log_group = variable("AWS_LOG_GROUP");
        environment.is_lambda = variable("LAMBDA_TASK_ROOT").is_some();
        environment
    }

    fn level(&mut self, level: &str) -> Option<log::LevelFilter> {
        let known = match level.to_ascii_lowercase().as_str() {
            "debug" => log::LevelFilter::Debug,
            "info" => log::LevelFilter::Info,
            "warn" | "warning" => log::LevelFilter::Warn,
            "error" => log::LevelFilter::Error,
            "silent" | "off" | "none" => log::LevelFilter::Off,
            _ => {
                self.warn("AWS_XRAY_LOG_LEVEL", level, "debug, info, warn, error or silent");
                return None;
            }
        };
        Some(known)
    }

    fn warn(&mut self, key: &str, value: &str, expected: &str) {
        self.warnings.push(format!("{key} is {value:?}; expected {expected}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Environment {
        Environment::read(&|key| {
            variables.iter().find(|(known, _)| *known == key).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables_of_each_sdk_are_understood() {
        assert_eq!(read(&[]), Environment::default());
        for (key, value) in [
            ("AWS_XRAY_SDK_ENABLED", "False"),
            ("AWS_XRAY_SDK_ENABLED", "0"),
            ("AWS_XRAY_SDK_DISABLED", "TRUE"),
        ] {
            assert!(read(&[(key, value)]).is_disabled, "{key}={value}");
        }
        assert!(!read(&[("AWS_XRAY_SDK_ENABLED", "yes"), ("AWS_XRAY_SDK_DISABLED", "no")]).is_disabled);
        assert_eq!(
            read(&[("AWS_XRAY_CONTEXT_MISSING", "ignore_error")]).context_missing,
            Some(ContextMissing::IgnoreError)
        );
        assert_eq!(read(&[("AWS_XRAY_LOG_LEVEL", "WARN")]).log_level, Some(log::LevelFilter::Warn));
        assert_eq!(read(&[("AWS_XRAY_TRACING_NAME", " shop ")]).tracing_name.as_deref(), Some("shop"));
        assert!(read(&[("LAMBDA_TASK_ROOT", "/var/task")]).is_lambda);
    }

    #[test]
    fn what_is_not_understood_is_told_and_the_default_counts() {
        let read = read(&[
            ("AWS_XRAY_SDK_ENABLED", "perhaps"),
            ("AWS_XRAY_CONTEXT_MISSING", "PANIC"),
            ("AWS_XRAY_DAEMON_ADDRESS", "nowhere"),
            ("AWS_XRAY_LOG_LEVEL", "loud"),
        ]);
        assert!(!read.is_disabled);
        assert_eq!(read.context_missing, None);
        assert_eq!(read.daemon, Some(DaemonAddress::default()));
        assert_eq!(read.warnings.len(), 4, "{:?}", read.warnings);
    }
}
