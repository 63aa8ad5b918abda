//! The command line, in the syntax of Go's `flag` package, as the AWS daemon has it.
//!
//! `-x` and `--x` are one, values follow as `-x v` or `-x=v`, switches take a value by `=` alone, and parsing
//! stops at the first word that is no flag (docs/aws-daemon.md A8).

use std::fmt::Write;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Run(Flags),
    /// Asks the agent that runs with these settings for its health.
    Health(Flags),
    Help,
    Version,
}

/// The flags that were given; each beats the key of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    pub resource_arn: Option<String>,
    pub local_mode: Option<bool>,
    pub buffer_memory_megabytes: Option<i64>,
    pub region: Option<String>,
    pub bind_udp: Option<String>,
    pub bind_tcp: Option<String>,
    pub role_arn: Option<String>,
    pub config: Option<String>,
    pub log_file: Option<String>,
    pub log_level: Option<String>,
    pub proxy_address: Option<String>,
    pub spool: Option<String>,
    pub otlp_grpc: Option<String>,
    pub otlp_http: Option<String>,
}

/// A command line that cannot be understood; the process ends with 2 after the message and the usage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    #[error("flag provided but not defined: -{0}")]
    Unknown(String),
    #[error("flag needs an argument: -{0}")]
    NoArgument(String),
    #[error("bad flag syntax: {0}")]
    Syntax(String),
    #[error("invalid boolean value {value:?} for -{flag}: parse error")]
    Boolean { flag: String, value: String },
    #[error("invalid value {value:?} for flag -{flag}: parse error")]
    Number { flag: String, value: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Switch,
}

/// Short name, long name, kind, what it does.
const FLAGS: [(&str, &str, Kind, &str); 17] = [
    ("a", "resource-arn", Kind::Text, "ARN of the AWS resource that runs the daemon; goes into telemetry"),
    ("o", "local-mode", Kind::Switch, "Do not ask for EC2 instance metadata"),
    ("m", "buffer-memory", Kind::Number, "Memory in MB that waiting documents may take (minimum 3)"),
    ("n", "region", Kind::Text, "Send to X-Ray in this region"),
    ("b", "bind", Kind::Text, "UDP address for segments (127.0.0.1:2000)"),
    ("t", "bind-tcp", Kind::Text, "TCP address of the proxy (127.0.0.1:2000)"),
    ("r", "role-arn", Kind::Text, "Assume this IAM role to send to another account"),
    ("c", "config", Kind::Text, "Read this configuration file"),
    ("f", "log-file", Kind::Text, "Write the log to this file"),
    ("l", "log-level", Kind::Text, "dev, debug, info, warn, error or prod (default)"),
    ("p", "proxy-address", Kind::Text, "Send through this HTTP proxy"),
    ("v", "version", Kind::Switch, "Show the version"),
    ("h", "help", Kind::Switch, "Show this screen"),
    ("", "spool", Kind::Text, "Keep in this folder what cannot be sent (not in the AWS daemon)"),
    (
        "",
        "otlp-grpc",
        Kind::Text,
        "Address for OTLP over gRPC, or off (127.0.0.1:4317; not in the AWS daemon)",
    ),
    (
        "",
        "otlp-http",
        Kind::Text,
        "Address for OTLP over HTTP, or off (127.0.0.1:4318; not in the AWS daemon)",
    ),
    ("", "health", Kind::Switch, "Ask the running daemon for its health (not in the AWS daemon)"),
];

pub fn usage() -> String {
    let mut text = "Usage: X-Ray [options]\n".to_owned();
    for (short, long, _, what) in FLAGS {
        let short = if short.is_empty() { "  ".to_owned() } else { format!("-{short}") };
        let _ = writeln!(text, "\t{short}\t--{long:<15}\t{what}");
    }
    text
}

/// Reads the words after the program's name.
pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Command, FlagError> {
    let mut words = words.into_iter();
    let mut flags = Flags::default();
    let (mut version, mut health) = (false, false);
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix('-').filter(|name| !name.is_empty()) else { break };
        if name == "-" {
            break;
        }
        let name = name.strip_prefix('-').unwrap_or(name);
        if name.starts_with('-') || name.starts_with('=') {
            return Err(FlagError::Syntax(word));
        }
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (name, None),
        };
        let Some((_, long, kind, _)) = FLAGS.iter().find(|(short, long, ..)| name == *short || name == *long)
        else {
            return Err(FlagError::Unknown(name.to_owned()));
        };
        let value = match (kind, value) {
            (_, Some(value)) => value,
            (Kind::Switch, None) => "true".to_owned(),
            (_, None) => words.next().ok_or_else(|| FlagError::NoArgument(name.to_owned()))?,
        };
        match *long {
            "help" if boolean(name, &value)? => return Ok(Command::Help),
            "help" => {}
            "version" => version = boolean(name, &value)?,
            "health" => health = boolean(name, &value)?,
            long => flags.set(long, name, value)?,
        }
    }
    Ok(match (version, health) {
        (true, _) => Command::Version,
        (false, true) => Command::Health(flags),
        (false, false) => Command::Run(flags),
    })
}

impl Flags {
    fn set(&mut self, long: &str, name: &str, value: String) -> Result<(), FlagError> {
        let text = match long {
            "local-mode" => {
                self.local_mode = Some(boolean(name, &value)?);
                return Ok(());
            }
            "buffer-memory" => {
                self.buffer_memory_megabytes = Some(number(name, &value)?);
                return Ok(());
            }
            "resource-arn" => &mut self.resource_arn,
            "region" => &mut self.region,
            "bind" => &mut self.bind_udp,
            "bind-tcp" => &mut self.bind_tcp,
            "role-arn" => &mut self.role_arn,
            "config" => &mut self.config,
            "log-file" => &mut self.log_file,
            "log-level" => &mut self.log_level,
            "proxy-address" => &mut self.proxy_address,
            "otlp-grpc" => &mut self.otlp_grpc,
            "otlp-http" => &mut self.otlp_http,
            _ => &mut self.spool,
        };
        *text = Some(value);
        Ok(())
    }
}

/// Go's `strconv.ParseBool`.
fn boolean(flag: &str, value: &str) -> Result<bool, FlagError> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(FlagError::Boolean { flag: flag.to_owned(), value: value.to_owned() }),
    }
}

/// Go's `strconv.ParseInt` with base 0, of which people write decimal and now and then hexadecimal.
fn number(flag: &str, value: &str) -> Result<i64, FlagError> {
    let (sign, digits) = match value.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, value.strip_prefix('+').unwrap_or(value)),
    };
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let number = match hexadecimal {
        _ if digits.starts_with(['+', '-']) => None,
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    };
    number
        .map(|number| sign * number)
        .ok_or_else(|| FlagError::Number { flag: flag.to_owned(), value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Command, FlagError> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    fn check(line: &str, change: impl FnOnce(&mut Flags)) {
        let mut expected = Flags::default();
        change(&mut expected);
        assert_eq!(words(line), Ok(Command::Run(expected)), "{line}");
    }

    #[test]
    fn each_flag_has_a_short_and_a_long_form() {
        let text = |value: &str| Some(value.to_owned());
        for prefix in ["-", "--"] {
            check(&format!("{prefix}b 0.0.0.0:2000"), |flags| flags.bind_udp = text("0.0.0.0:2000"));
            check(&format!("{prefix}bind=0.0.0.0:1"), |flags| flags.bind_udp = text("0.0.0.0:1"));
            check(&format!("{prefix}t a {prefix}bind-tcp b"), |flags| flags.bind_tcp = text("b"));
            check(&format!("{prefix}a x"), |flags| flags.resource_arn = text("x"));
            check(&format!("{prefix}r x"), |flags| flags.role_arn = text("x"));
            check(&format!("{prefix}n eu-west-1"), |flags| flags.region = text("eu-west-1"));
            check(&format!("{prefix}c f.yaml"), |flags| flags.config = text("f.yaml"));
            check(&format!("{prefix}f x.log"), |flags| flags.log_file = text("x.log"));
            check(&format!("{prefix}l dev"), |flags| flags.log_level = text("dev"));
            check(&format!("{prefix}p http://p:1"), |flags| flags.proxy_address = text("http://p:1"));
            check(&format!("{prefix}m -5"), |flags| flags.buffer_memory_megabytes = Some(-5));
            check(&format!("{prefix}m 0x10"), |flags| flags.buffer_memory_megabytes = Some(16));
            check(&format!("{prefix}o"), |flags| flags.local_mode = Some(true));
            check(&format!("{prefix}o=F"), |flags| flags.local_mode = Some(false));
            check(&format!("{prefix}spool /s"), |flags| flags.spool = text("/s"));
            check(&format!("{prefix}otlp-grpc off"), |flags| flags.otlp_grpc = text("off"));
            check(&format!("{prefix}otlp-http :1"), |flags| flags.otlp_http = text(":1"));
        }
    }

    #[test]
    fn a_switch_takes_no_word_and_parsing_ends_at_the_first_word_that_is_no_flag() {
        check("-o false -n x", |flags| flags.local_mode = Some(true));
        check("-o -- -n x", |flags| flags.local_mode = Some(true));
        check("- -n x", |_| {});
        check("-n -o", |flags| flags.region = Some("-o".to_owned()));
        check("-n=", |flags| flags.region = Some(String::new()));
    }

    #[test]
    fn help_comes_at_once_and_the_version_after_all_flags_are_read() {
        assert_eq!(words("-h -x"), Ok(Command::Help));
        assert_eq!(words("--help"), Ok(Command::Help));
        assert_eq!(words("-v"), Ok(Command::Version));
        assert_eq!(words("-v -x"), Err(FlagError::Unknown("x".to_owned())));
        assert_eq!(words("--health"), Ok(Command::Health(Flags::default())));
        assert_eq!(words("-v=false"), Ok(Command::Run(Flags::default())));
    }

    #[test]
    fn mistakes_are_told_in_gos_words() {
        let check = |line: &str, expected: &str| assert_eq!(words(line).unwrap_err().to_string(), expected);
        check("--nope", "flag provided but not defined: -nope");
        check("-nope=1", "flag provided but not defined: -nope");
        check("-c", "flag needs an argument: -c");
        check("---c", "bad flag syntax: ---c");
        check("-=c", "bad flag syntax: -=c");
        check("-o=maybe", "invalid boolean value \"maybe\" for -o: parse error");
        check("-m lots", "invalid value \"lots\" for flag -m: parse error");
        check("-m 1.5", "invalid value \"1.5\" for flag -m: parse error");
        check("-m --5", "invalid value \"--5\" for flag -m: parse error");
    }

    #[test]
    fn the_usage_names_every_flag() {
        let usage = usage();
        assert!(usage.starts_with("Usage: X-Ray [options]\n\t-a\t--resource-arn"), "{usage}");
        assert_eq!(usage.lines().count(), 1 + FLAGS.len());
    }
}
