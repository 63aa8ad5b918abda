//! The recorder: what is set up once, and what all segments share.

use std::borrow::Cow;
use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use sampling::RuleFile;

use crate::address::DaemonAddress;
use crate::begin::SegmentBuilder;
use crate::cell::{Batch, lock};
use crate::document::Facts;
use crate::emit::{Emit, Udp};
use crate::missing::{ContextMissing, Places};
use crate::naming::Naming;
use crate::plugin::{self, Found, Place, Plugins};
use crate::queue::{Queue, Weight};
use crate::sampler::central::Central;
use crate::sampler::local::Local;
use crate::sampler::poller::Poller;
use crate::sampler::{Always, Decision, Sampler, SamplingRequest};
use crate::settings::{ConfigError, Environment};
use crate::spare::Spares;
use crate::stack;
use crate::stats::{Counters, Stats};
use crate::worker;

/// What waits for the background thread at most, in bytes of memory.
const QUEUE_BYTES: usize = 8 << 20;
/// How many ended subsegments a segment holds before they leave as documents of their own: Java's and Node's number.
const STREAMING: usize = 100;
/// How long a program may be held up at its end.
const FLUSH_AT_EXIT: Duration = Duration::from_millis(500);

static GLOBAL: OnceLock<Recorder> = OnceLock::new();

/// The global recorder, once one is installed.
///
/// ```
/// let started = fluoro_sdk::global().is_some();
/// assert!(!started, "nobody has called `RecorderBuilder::install`");
/// ```
pub fn global() -> Option<&'static Recorder> {
    GLOBAL.get()
}

/// Records segments. Cheap to clone.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// let total = recorder.segment("orders").run(|| 40 + 2);
/// assert!(recorder.flush(std::time::Duration::from_secs(10)));
/// assert_eq!(recorder.stats().sent, 1);
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    /// Nothing where it is disabled: then every call does nothing.
    core: Option<Arc<Core>>,
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) counters: Counters,
    pub(crate) context_missing: ContextMissing,
    pub(crate) places: Places,
    pub(crate) streaming: usize,
    /// What segments are called that have no other name.
    pub(crate) name: Cow<'static, str>,
    /// Of the environment, stronger than any name in code.
    pub(crate) tracing_name: Option<Cow<'static, str>>,
    pub(crate) collects_sql: bool,
    pub(crate) is_lambda: bool,
    pub(crate) queue: Queue<Batch>,
    pub(crate) spares: Spares,
    pub(crate) facts: Mutex<Arc<Facts>>,
    /// What plugins have told.
    pub(crate) found: Mutex<Vec<(Place, Found)>>,
    /// Where the program's log lines go, as the environment says.
    pub(crate) log_group: Option<String>,
    sampler: Box<dyn Sampler>,
    /// Asks for rules as long as this is there.
    poller: Mutex<Option<Poller>>,
    queue_bytes: usize,
}

impl Core {
    pub(crate) fn hand_over(&self, batch: Batch) {
        let (entities, segments) = (batch.records.len() as u64, u64::from(batch.has_segment));
        let weight = Weight { bytes: batch.bytes(), entities, segments };
        if let Err(batch) = self.queue.push(batch, weight, self.queue_bytes) {
            self.counters.queue_full.add(batch.records.len());
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        // In this order, so that none seems to have ended before it began.
        let (ended, closed) = self.queue.pushed();
        self.counters.read(ended, closed)
    }

    pub(crate) fn decide(&self, request: &SamplingRequest<'_>) -> Decision {
        let origin = if request.origin.is_none() { lock(&self.facts).origin } else { None };
        self.sampler.decide(&SamplingRequest { origin: request.origin.or(origin), ..*request })
    }
}

impl Recorder {
    /// Begins to set one up.
    pub fn builder() -> RecorderBuilder {
        RecorderBuilder::default()
    }

    /// A segment of that name.
    #[inline]
    pub fn segment(&self, name: impl Into<Cow<'static, str>>) -> SegmentBuilder<'_> {
        SegmentBuilder::new(self, name.into())
    }

    /// A segment for an incoming request, named by its `Host` or otherwise.
    pub fn segment_for(&self, naming: &Naming, host: Option<&str>) -> SegmentBuilder<'_> {
        let name = self.core.as_ref().map(|core| naming.name(core, host));
        SegmentBuilder::new(self, name.unwrap_or_default())
    }

    /// What it has done so far.
    pub fn stats(&self) -> Stats {
        self.core.as_ref().map(|core| core.stats()).unwrap_or_default()
    }

    /// Waits until what has ended is sent, and says whether it is.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.core.as_ref().is_none_or(|core| core.queue.flush(timeout))
    }

    /// Whether anything can be recorded.
    pub fn is_enabled(&self) -> bool {
        self.core.is_some()
    }

    /// Whether the text of SQL queries is to be kept.
    pub fn collects_sql_queries(&self) -> bool {
        self.core.as_ref().is_some_and(|core| core.collects_sql)
    }

    /// Whether this is a function of AWS Lambda, where the service makes the segments.
    pub fn is_lambda(&self) -> bool {
        self.core.as_ref().is_some_and(|core| core.is_lambda)
    }

    #[inline]
    pub(crate) fn core(&self) -> Option<&Arc<Core>> {
        self.core.as_ref()
    }
}

/// Sends what is left when it is dropped, for at most half a second. Keep it in `main`.
#[must_use = "dropped at once, it ends the recorder before anything is recorded"]
#[derive(Debug)]
pub struct RecorderGuard {
    recorder: Recorder,
}

impl Deref for RecorderGuard {
    type Target = Recorder;

    fn deref(&self) -> &Recorder {
        &self.recorder
    }
}

impl Drop for RecorderGuard {
    fn drop(&mut self) {
        if let Some(core) = &self.recorder.core {
            if !core.queue.flush(FLUSH_AT_EXIT) {
                log::warn!(target: "fluoro_sdk", "ended before all was sent");
            }
            core.queue.close();
            drop(lock(&core.poller).take());
        }
    }
}

/// Sets up a [`Recorder`]. Variables of the environment are stronger than what is set here.
///
/// ```
/// let recorder = fluoro_sdk::Recorder::builder()
///     .name("orders")
///     .version(env!("CARGO_PKG_VERSION"))
///     .daemon("127.0.0.1:2000")
///     .sampling_rules(r#"{"version": 2, "default": {"fixed_target": 1, "rate": 0.1}, "rules": []}"#)
///     .streaming(30)
///     .build()?;
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[must_use = "nothing is recorded before `build` or `install`"]
#[derive(Debug)]
pub struct RecorderBuilder {
    name: Cow<'static, str>,
    version: Option<String>,
    daemon: Option<String>,
    emitter: Option<Box<dyn Emit>>,
    sampler: Option<Box<dyn Sampler>>,
    rules: Option<RuleFile>,
    is_central: bool,
    streaming: usize,
    queue_bytes: usize,
    plugins: Plugins,
    context_missing: ContextMissing,
    collects_sql: bool,
    problems: Vec<String>,
    environment: fn(&str) -> Option<String>,
}

impl Default for RecorderBuilder {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed("unknown"),
            version: None,
            daemon: None,
            emitter: None,
            sampler: None,
            rules: None,
            is_central: false,
            streaming: STREAMING,
            queue_bytes: QUEUE_BYTES,
            plugins: Plugins::default(),
            context_missing: ContextMissing::default(),
            collects_sql: false,
            problems: Vec::new(),
            environment: |key| std::env::var(key).ok(),
        }
    }
}

impl RecorderBuilder {
    /// What segments are called, unless `AWS_XRAY_TRACING_NAME` says otherwise.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = crate::value::name(name.into());
        self
    }

    /// The application's: give it `env!("CARGO_PKG_VERSION")`, so that deployments can be told apart.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Where the daemon listens: `host:port`, or `tcp:host:port udp:host:port`. Without it `127.0.0.1:2000`.
    pub fn daemon(mut self, address: impl Into<String>) -> Self {
        self.daemon = Some(address.into());
        self
    }

    /// Where documents go instead of to a daemon.
    pub fn emitter(mut self, emitter: impl Emit + 'static) -> Self {
        self.emitter = Some(Box::new(emitter));
        self
    }

    /// Documents stay in memory, unseen: for examples.
    #[doc(hidden)]
    pub fn memory(self) -> Self {
        self.emitter(crate::emit::Memory::default())
    }

    /// Rules of a file, of version 1 or 2, which decide without asking X-Ray. Without rules, X-Ray's are asked for
    /// through the daemon.
    pub fn sampling_rules_file(mut self, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        match fs::read_to_string(path) {
            Ok(text) => return self.rules_of(&text, &path.display().to_string()),
            Err(error) => {
                self.problems.push(format!("sampling rules: cannot read {}: {error}", path.display()))
            }
        }
        self
    }

    /// The same from a text, such as `include_str!("sampling-rules.json")`.
    pub fn sampling_rules(self, text: &str) -> Self {
        self.rules_of(text, "the text")
    }

    fn rules_of(mut self, text: &str, source: &str) -> Self {
        match RuleFile::parse(text) {
            Ok(rules) => self.rules = Some(rules),
            Err(error) => self.problems.push(format!("sampling rules: {source}: {error}")),
        }
        self
    }

    /// Asks X-Ray for rules through the daemon, as is done without any; those of a file then count only until they
    /// have come.
    pub fn central_sampling(mut self) -> Self {
        self.is_central = true;
        self
    }

    /// Records all requests, or none, where the caller has not decided.
    pub fn sample_all(self, all: bool) -> Self {
        self.sampler(Always(all))
    }

    /// Decides by something of the application's own.
    pub fn sampler(mut self, sampler: impl Sampler + 'static) -> Self {
        self.sampler = Some(Box::new(sampler));
        self
    }

    /// How many ended subsegments a segment holds before they leave by themselves. 0: each leaves as it ends.
    pub fn streaming(mut self, subsegments: usize) -> Self {
        self.streaming = subsegments.min(10_000);
        self
    }

    /// Asks the machine where the program runs, for at most 300 ms; what comes later lands in later segments. In Lambda
    /// nothing is asked.
    ///
    /// ```
    /// let builder = fluoro_sdk::Recorder::builder().name("orders").plugins(fluoro_sdk::Plugins::detect());
    /// ```
    pub fn plugins(mut self, plugins: Plugins) -> Self {
        self.plugins = plugins;
        self
    }

    /// How much memory what waits to be sent may take. Beyond, the newest is dropped and counted.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// What to do where there is no segment, unless `AWS_XRAY_CONTEXT_MISSING` says otherwise.
    pub fn context_missing(mut self, strategy: ContextMissing) -> Self {
        self.context_missing = strategy;
        self
    }

    /// Keeps the text of SQL queries, without their literals, unless `AWS_XRAY_COLLECT_SQL_QUERIES` says otherwise.
    pub fn collect_sql_queries(mut self, collect: bool) -> Self {
        self.collects_sql = collect;
        self
    }

    /// Reads variables from elsewhere than the process, for tests.
    pub fn environment(mut self, variable: fn(&str) -> Option<String>) -> Self {
        self.environment = variable;
        self
    }

    /// Starts it, for those who hand it around themselves.
    pub fn build(mut self) -> Result<RecorderGuard, ConfigError> {
        let environment = Environment::read(&self.environment);
        for warning in &environment.warnings {
            log::warn!(target: "fluoro_sdk", "{warning}");
        }
        let address = match (environment.daemon.clone(), self.daemon.as_deref().map(DaemonAddress::parse)) {
            (Some(address), _) => address,
            (None, Some(Ok(address))) => address,
            (None, Some(Err(problem))) => {
                self.problems.push(format!("daemon: {problem}"));
                DaemonAddress::default()
            }
            (None, None) => DaemonAddress::default(),
        };
        ConfigError::of(std::mem::take(&mut self.problems))?;
        if environment.is_disabled {
            return Ok(RecorderGuard { recorder: Recorder::default() });
        }
        let core = self.core(environment, &address)?;
        Ok(RecorderGuard { recorder: Recorder { core: Some(core) } })
    }

    /// Starts it as the one that layers and free functions use.
    pub fn install(self) -> Result<RecorderGuard, ConfigError> {
        let guard = self.build()?;
        if GLOBAL.set(guard.recorder.clone()).is_err() {
            ConfigError::of(vec![
                "a recorder is already installed; there is one for the process".to_owned(),
            ])?;
        }
        if guard.is_enabled() {
            stack::heed_nothing();
        }
        Ok(guard)
    }

    fn core(self, environment: Environment, address: &DaemonAddress) -> Result<Arc<Core>, ConfigError> {
        let (plugins, variable) = (self.plugins, self.environment);
        let (sampler, poller) = match (self.sampler, self.rules) {
            (Some(sampler), _) => (sampler, None),
            (None, Some(rules)) if !self.is_central => {
                (Box::new(Local::new(rules)) as Box<dyn Sampler>, None)
            }
            (None, rules) => {
                let central = Arc::new(Central::new(Local::new(rules.unwrap_or_default())));
                // In Lambda the service decides, and a thread would be frozen between requests.
                let poller = (!environment.is_lambda).then(|| Poller::start(&central, address.tcp.clone()));
                (Box::new(central) as Box<dyn Sampler>, poller)
            }
        };
        let poller = match poller.transpose() {
            Ok(poller) => poller,
            Err(error) => return Err(no_thread(&error)),
        };
        let emitter = self.emitter.unwrap_or_else(|| Box::new(Udp::new(address.udp.clone())));
        let core = Arc::new(Core {
            counters: Counters::default(),
            context_missing: environment.context_missing.unwrap_or(self.context_missing),
            places: Places::default(),
            streaming: self.streaming,
            name: self.name,
            tracing_name: environment.tracing_name.map(|name| crate::value::name(name.into())),
            collects_sql: environment.collects_sql.unwrap_or(self.collects_sql),
            is_lambda: environment.is_lambda,
            queue: Queue::default(),
            spares: Spares::default(),
            facts: Mutex::new(Arc::new(facts(self.version.as_deref(), environment.log_group.as_deref()))),
            found: Mutex::default(),
            log_group: environment.log_group,
            sampler,
            poller: Mutex::new(poller),
            queue_bytes: self.queue_bytes,
        });
        let of_thread = Arc::clone(&core);
        let started = thread::Builder::new()
            .name("fluoro-sdk".to_owned())
            .spawn(move || worker::run(&of_thread, &*emitter));
        started.map_err(|error| no_thread(&error))?;
        if !core.is_lambda {
            plugin::ask(plugins, &core, variable);
        }
        Ok(core)
    }
}

fn no_thread(error: &std::io::Error) -> ConfigError {
    ConfigError::one(format!("cannot start the background thread: {error}"))
}

fn facts(version: Option<&str>, log_group: Option<&str>) -> Facts {
    let mut service =
        format!("{{\"runtime\":\"rust\",\"runtime_version\":\"{}\"", env!("FLUORO_RUSTC_VERSION"))
            .into_bytes();
    if let Some(version) = version {
        service.extend(b",\"version\":");
        wire::quote::quote(version, &mut service);
    }
    service.push(b'}');
    Facts {
        service: String::from_utf8_lossy(&service).into_owned(),
        directory: std::env::current_dir().map(|path| path.display().to_string()).unwrap_or_default(),
        aws: plugin::members(&[], log_group),
        ..Facts::default()
    }
}
