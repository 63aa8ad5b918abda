//! Where a setting comes from: the flag beats the environment, which beats the file.

use std::path::Path;

use super::file::{self, Entry};
use super::flags::ServeFlags;
use super::{Environment, Mistake, Mistakes};

/// The keys of the file. With `--` before it a key is the flag; in capitals after `FLUORO_`, the variable.
const KEYS: &[&str] = &[
    "bind",
    "otlp-grpc",
    "otlp-http",
    "otlp-cors",
    "data-dir",
    "retention",
    "retention-faults",
    "retention-disk",
    "encryption-key",
    "store",
    "store-mirror",
    "settings",
    "demo",
    "trace-self",
    "log-format",
    "auth",
    "keys",
    "udp-open",
    "audit-log",
    "host-name",
    "trusted-proxies",
    "notifiers",
    "endpoints",
    "public-url",
    "notify-allow",
    "notify-deny",
    "capsule-redact",
    "log-links",
    "tls-cert",
    "tls-key",
    "tls-client-ca",
];

/// A value and where it was given.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) value: String,
    pub(super) place: String,
}

pub(super) struct Sources<'a> {
    flags: &'a ServeFlags,
    environment: Environment<'a>,
    file: Vec<Entry>,
    mistakes: Vec<Mistake>,
}

impl<'a> Sources<'a> {
    pub(super) fn read(flags: &'a ServeFlags, environment: Environment<'a>) -> Self {
        let mut sources = Self { flags, environment, file: Vec::new(), mistakes: Vec::new() };
        let path = match &flags.config {
            Some(path) => Some(Given { value: path.clone(), place: "--config".to_owned() }),
            None => sources.variable("FLUORO_CONFIG"),
        };
        if let Some(path) = path {
            sources.read_file(&path);
        }
        sources
    }

    fn read_file(&mut self, path: &Given) {
        match file::read(Path::new(&path.value)) {
            Ok(entries) => self.file = entries,
            Err(error) => {
                let place = match error.line {
                    Some(line) => format!("{}:{line}", path.value),
                    None => path.place.clone(),
                };
                let what = format!("`{}` {}", path.value, error.what);
                self.mistakes.push(Mistake { key: "config".to_owned(), what, place });
            }
        }
        for entry in &self.file {
            if !KEYS.contains(&entry.key.as_str()) {
                let what = match nearest(&entry.key) {
                    Some(key) => format!("unknown key; did you mean `{key}`?"),
                    None => format!("unknown key; the keys are {}", KEYS.join(", ")),
                };
                let place = format!("{}:{}", path.value, entry.line);
                self.mistakes.push(Mistake { key: entry.key.clone(), what, place });
            }
        }
        for entry in &mut self.file {
            entry.place = format!("{}:{}", path.value, entry.line);
        }
    }

    /// Parses a setting where it was given; a bad value is remembered as a mistake, and gives none.
    pub(super) fn parse<T>(&mut self, key: &str, parse: fn(&str) -> Result<T, String>) -> Option<T> {
        let given = self.given(key)?;
        match parse(&given.value) {
            Ok(value) => Some(value),
            Err(what) => {
                self.mistakes.push(given.mistake(key, what));
                None
            }
        }
    }

    /// Parses a list, which only the file can give, from its JSON.
    pub(super) fn parse_list<T>(&mut self, key: &str, parse: fn(&str) -> Result<T, String>) -> Option<T> {
        let entry = self.file.iter().find(|entry| entry.key == key)?;
        let given = Given { value: entry.list.clone().unwrap_or_default(), place: entry.place.clone() };
        let parsed = match entry.list {
            Some(_) => parse(&given.value),
            None => Err("must be a list, with `- ` before each of it".to_owned()),
        };
        parsed.map_err(|what| self.mistakes.push(given.mistake(key, what))).ok()
    }

    /// Whether a setting is given, right or wrong.
    pub(super) fn has(&mut self, key: &str) -> bool {
        self.given(key).is_some()
    }

    /// Parses what can only be given in the environment.
    pub(super) fn parse_variable<T>(
        &mut self,
        name: &str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let given = self.variable(name)?;
        parse(&given.value).map_err(|what| self.mistakes.push(given.mistake(name, what))).ok()
    }

    pub(super) fn mistake(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    pub(super) fn finish(mut self) -> Result<(), Mistakes> {
        if self.mistakes.is_empty() {
            return Ok(());
        }
        self.mistakes.dedup();
        Err(Mistakes(self.mistakes))
    }

    fn given(&mut self, key: &str) -> Option<Given> {
        if let Some(value) = self.flag(key) {
            return Some(Given { value: value.clone(), place: format!("--{key}") });
        }
        if let Some(given) = self.variable(&format!("FLUORO_{}", key.to_uppercase().replace('-', "_"))) {
            return Some(given);
        }
        let entry = self.file.iter().find(|entry| entry.key == key)?;
        match &entry.value {
            Ok(value) => Some(Given { value: value.clone(), place: entry.place.clone() }),
            Err(what) => {
                let mistake =
                    Mistake { key: key.to_owned(), what: (*what).to_owned(), place: entry.place.clone() };
                self.mistakes.push(mistake);
                None
            }
        }
    }

    fn flag(&self, key: &str) -> Option<&String> {
        let flags = self.flags;
        match key {
            "bind" => flags.bind.as_ref(),
            "otlp-grpc" => flags.otlp_grpc.as_ref(),
            "otlp-http" => flags.otlp_http.as_ref(),
            "otlp-cors" => flags.otlp_cors.as_ref(),
            "data-dir" => flags.data_dir.as_ref(),
            "retention" => flags.retention.as_ref(),
            "retention-faults" => flags.retention_faults.as_ref(),
            "encryption-key" => flags.encryption_key.as_ref(),
            "retention-disk" => flags.retention_disk.as_ref(),
            "store" => flags.store.as_ref(),
            "store-mirror" => flags.store_mirror.as_ref(),
            "settings" => flags.settings.as_ref(),
            "auth" => flags.auth.as_ref(),
            "keys" => flags.keys.as_ref(),
            "host-name" => flags.host_name.as_ref(),
            "trusted-proxies" => flags.trusted_proxies.as_ref(),
            "audit-log" => flags.audit_log.as_ref(),
            "notifiers" => flags.notifiers.as_ref(),
            "endpoints" => flags.endpoints.as_ref(),
            "public-url" => flags.public_url.as_ref(),
            "notify-allow" => flags.notify_allow.as_ref(),
            "notify-deny" => flags.notify_deny.as_ref(),
            "capsule-redact" => flags.capsule_redact.as_ref(),
            "udp-open" => flags.udp_open.as_ref(),
            "tls-cert" => flags.tls_cert.as_ref(),
            "tls-key" => flags.tls_key.as_ref(),
            "tls-client-ca" => flags.tls_client_ca.as_ref(),
            "demo" => flags.demo.as_ref(),
            "trace-self" => flags.trace_self.as_ref(),
            "log-format" => flags.log_format.as_ref(),
            _ => None,
        }
    }

    /// An empty variable is one that was not given.
    fn variable(&mut self, name: &str) -> Option<Given> {
        let value = (self.environment)(name).filter(|value| !value.is_empty())?;
        match value.into_string() {
            Ok(value) => Some(Given { value, place: name.to_owned() }),
            Err(_) => {
                self.mistakes.push(Mistake {
                    key: name.to_owned(),
                    what: "is not UTF-8".to_owned(),
                    place: "environment".to_owned(),
                });
                None
            }
        }
    }
}

/// Whether a flag that was given is heeded, and its key is one of the file.
#[cfg(test)]
pub(super) fn is_known(flags: &ServeFlags, key: &str) -> bool {
    let sources = Sources { flags, environment: &|_| None, file: Vec::new(), mistakes: Vec::new() };
    sources.flag(key).is_some() && KEYS.contains(&key)
}

/// The key that was probably meant: the same letters, or one that begins or ends alike.
fn nearest(typed: &str) -> Option<&'static str> {
    let letters = |text: &str| -> String {
        let mut letters: Vec<char> = text.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
        letters.sort_unstable();
        letters.into_iter().collect()
    };
    let same_letters = KEYS.iter().find(|key| letters(key) == letters(typed));
    let alike = || {
        let begins_alike = |key: &&&str| {
            let common = key.chars().zip(typed.chars()).take_while(|(one, other)| one == other).count();
            common >= 3
        };
        KEYS.iter().find(begins_alike)
    };
    same_letters.or_else(alike).copied()
}
