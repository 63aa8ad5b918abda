//! The log: lines as the AWS daemon writes them, to the console or to a file that does not grow for ever.
//!
//! `2026-11-23T08:00:00Z [Info] message`. People and tools look for these lines, so the words of some are
//! fixed (docs/aws-daemon.md A3 and A11).

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogConfig;

/// At this size the file is moved aside, over the one that was moved before.
const ROTATE_BYTES: u64 = 50 << 20;

/// Starts the log of this process.
pub fn init(config: &LogConfig) -> io::Result<()> {
    let level = level(&config.level);
    // What other crates have to say concerns nobody but who looks for mistakes in this one.
    let others = if level == LevelFilter::TRACE { LevelFilter::INFO } else { LevelFilter::ERROR };
    let targets = Targets::new()
        .with_default(others.min(level))
        .with_target("daemon", level)
        .with_target("xray", level);
    let layer = tracing_subscriber::fmt::layer().event_format(Lines);
    match &config.file {
        Some(path) => {
            let file = RotatingFile::open(path, config.rotate)?;
            tracing_subscriber::registry().with(layer.with_writer(file)).with(targets).init();
        }
        None => tracing_subscriber::registry().with(layer.with_writer(io::stdout)).with(targets).init(),
    }
    Ok(())
}

/// The line of an error that comes before the log is there.
pub fn error_line(message: &str) -> String {
    format!("{} [Error] {message}\n", now())
}

/// `prod` is `info`; what is unknown means everything.
fn level(name: &str) -> LevelFilter {
    match name {
        "" | "prod" | "info" => LevelFilter::INFO,
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "debug" => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

fn now() -> impl fmt::Display {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ")
}

struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::TRACE => "Trace",
            Level::DEBUG => "Debug",
            Level::INFO => "Info",
            Level::WARN => "Warn",
            Level::ERROR => "Error",
        };
        let mut line = Line::default();
        event.record(&mut line);
        writeln!(writer, "{} [{level}] {}{}", now(), line.message, line.fields)
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn add(&mut self, field: &Field, value: &str) {
        // What comes from the network must not look like lines of its own.
        let value = value.replace(|character: char| character.is_control(), " ");
        if field.name() == "message" {
            self.message = value;
        } else {
            self.fields.push_str(&format!(" {}={value}", field.name()));
        }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }
}

/// Appends; with rotation, keeps one old file beside it under the name with `.1`.
struct RotatingFile {
    path: PathBuf,
    rotate: bool,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    bytes: u64,
}

impl RotatingFile {
    fn open(path: &Path, rotate: bool) -> io::Result<Self> {
        let open = Open::at(path)?;
        Ok(Self { path: path.to_owned(), rotate, open: Mutex::new(open) })
    }

    fn old(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".1");
        name.into()
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }
}

impl Write for &RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if self.rotate && open.bytes + line.len() as u64 > ROTATE_BYTES {
            std::fs::rename(&self.path, self.old())?;
            *open = Open::at(&self.path)?;
        }
        open.file.write_all(line)?;
        open.bytes += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for RotatingFile {
    type Writer = &'a RotatingFile;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// Lets a few lines a minute through, so that a flood of bad input does not become a flood of lines.
#[derive(Debug)]
pub(crate) struct Sparse {
    minute: Option<Instant>,
    lines: u32,
}

/// Enough to see what is wrong; the counters tell how often.
const LINES_A_MINUTE: u32 = 20;

impl Sparse {
    pub(crate) fn new() -> Self {
        Self { minute: None, lines: 0 }
    }

    pub(crate) fn lets_through(&mut self, now: Instant) -> bool {
        if self.minute.is_none_or(|minute| now.duration_since(minute) >= Duration::from_secs(60)) {
            *self = Self { minute: Some(now), lines: 0 };
        }
        self.lines += 1;
        self.lines <= LINES_A_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_daemon() {
        let check = |name: &str, expected: LevelFilter| assert_eq!(level(name), expected, "{name}");
        check("", LevelFilter::INFO);
        check("prod", LevelFilter::INFO);
        check("info", LevelFilter::INFO);
        check("dev", LevelFilter::TRACE);
        check("debug", LevelFilter::DEBUG);
        check("warn", LevelFilter::WARN);
        check("error", LevelFilter::ERROR);
        check("verbose", LevelFilter::TRACE);
    }

    #[test]
    fn a_line_has_time_level_and_message() {
        let line = error_line("it broke");
        assert!(line.ends_with("Z [Error] it broke\n"), "{line}");
        assert_eq!(line.find(' '), Some("2026-11-23T08:00:00Z".len()));
    }

    #[test]
    fn a_full_file_is_moved_aside_and_only_one_old_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("xray.log");
        let file = RotatingFile::open(&path, true).unwrap();
        for round in 0..3 {
            file.open.lock().unwrap().bytes = ROTATE_BYTES;
            writeln!(&file, "line {round}").unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "line 2\n");
        assert_eq!(std::fs::read_to_string(file.old()).unwrap(), "line 1\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_flood_gives_a_few_lines_a_minute() {
        let mut sparse = Sparse::new();
        let now = Instant::now();
        let through = (0..1_000).filter(|_| sparse.lets_through(now)).count();
        assert_eq!(through as u32, LINES_A_MINUTE);
        assert!(sparse.lets_through(now + Duration::from_secs(60)));
    }
}
