//! `fluoro store import`: an export into a directory of its own process, or to a running server.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use model::{Clock as _, SystemClock, Timestamp};
use store::{NewDocument, StoreError, TraceStore};
use store_local::offline::{Received, documents_of_parquet};
use store_local::{LocalStore, Seals};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::endpoint::Endpoint;
use super::engine::{self, Action};
use super::progress::Progress;
use super::{ImportArgs, line};
use crate::config::Environment;

/// Documents of one append, or of one request.
const BATCH: usize = 50;
const MAX_LINE_BYTES: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_millis(20);
/// Refusals that are told one by one.
const MAX_TOLD: u64 = 20;
/// The end of 9998, as for the times of documents.
const LATEST: Timestamp = Timestamp(253_370_764_800_000_000);
const PARQUET: &[u8; 4] = b"PAR1";

/// Where documents go.
enum Target {
    Directory { store: Arc<LocalStore>, digest: digest::Digest, shutdown: CancellationToken },
    Server(Endpoint),
}

struct Import {
    runtime: Runtime,
    target: Target,
    batch: Vec<Received>,
    progress: Progress,
    imported: u64,
    refused: u64,
}

pub(super) fn run(args: &ImportArgs, environment: Environment<'_>) -> anyhow::Result<ExitCode> {
    let runtime = Runtime::new().context("start the runtime")?;
    let (target, file) = match (&args.endpoint, args.paths.as_slice()) {
        (Some(endpoint), [file]) => (Target::Server(runtime.block_on(Endpoint::open(endpoint))?), file),
        (None, [dir, file]) => {
            engine::need(Action::Import, dir)?;
            let keys = super::keys(args.encryption_key.as_ref(), environment)?;
            (runtime.block_on(async { Target::open(dir, keys) })?, file)
        }
        (Some(_), _) => bail!("with --endpoint, name the export alone"),
        (None, _) => bail!("name the data directory and the export, or --endpoint and the export"),
    };
    let progress = Progress::new("documents");
    let mut import = Import { runtime, target, batch: Vec::new(), progress, imported: 0, refused: 0 };
    let read = import.read(file).and_then(|()| import.send());
    let Import { runtime, target, progress, imported, refused, .. } = import;
    let closed = runtime.block_on(target.close());
    progress.end(&format!("imported {imported} documents, refused {refused}"));
    read.and(closed)?;
    if args.json {
        super::print_json(&serde_json::json!({ "imported": imported, "refused": refused }))?;
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Import {
    fn read(&mut self, path: &Path) -> anyhow::Result<()> {
        if path == Path::new("-") {
            return self.lines(io::stdin().lock());
        }
        let mut file = File::open(path).with_context(|| format!("open {}", path.display()))?;
        let mut magic = [0; 4];
        let is_parquet = file.read_exact(&mut magic).is_ok() && magic == *PARQUET;
        file.rewind().with_context(|| format!("read {}", path.display()))?;
        if is_parquet {
            documents_of_parquet(file, |one| self.take(one).map_err(io::Error::other))?;
            return Ok(());
        }
        self.lines(BufReader::new(file))
    }

    fn lines(&mut self, mut input: impl BufRead) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        for number in 1_u64.. {
            bytes.clear();
            let length = input
                .by_ref()
                .take(MAX_LINE_BYTES)
                .read_until(b'\n', &mut bytes)
                .context("read the export")?;
            if length == 0 {
                break;
            }
            if length as u64 == MAX_LINE_BYTES && !bytes.ends_with(b"\n") {
                self.refuse(&format!("line {number}: it is longer than {} MiB", MAX_LINE_BYTES >> 20));
                input.skip_until(b'\n').context("read the export")?;
                continue;
            }
            // As at every other door: one byte of another encoding harms neither the file nor its line.
            let text = String::from_utf8_lossy(&bytes);
            let line = text.trim_end_matches(['\n', '\r']);
            if line::is_otlp(line) {
                self.take_spans(number, line)?;
                continue;
            }
            match line::read(line) {
                Ok(one) => self.take(one)?,
                Err(_) if line.is_empty() => {}
                Err(error) => self.refuse(&format!("line {number}: {error}")),
            }
        }
        Ok(())
    }

    /// Takes a request of OTLP apart.
    fn take_spans(&mut self, number: u64, line: &str) -> anyhow::Result<()> {
        let taken = match otlp::decode_json(line.as_bytes()) {
            Ok(taken) => taken,
            Err(error) => {
                self.refuse(&format!("line {number}: {error}"));
                return Ok(());
            }
        };
        for (reject, count) in taken.rejects.reasons() {
            self.refuse_all(*count, &format!("line {number}: {reject}"));
        }
        let received = SystemClock.now();
        taken
            .documents
            .into_iter()
            .try_for_each(|document| self.take(Received { received, raw: document.raw }))
    }

    fn take(&mut self, one: Received) -> anyhow::Result<()> {
        if !(Timestamp::default()..LATEST).contains(&one.received) {
            self.refuse("it is said to be received before 1970 or after 9998");
            return Ok(());
        }
        self.batch.push(one);
        if self.batch.len() < BATCH { Ok(()) } else { self.send() }
    }

    fn send(&mut self) -> anyhow::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let count = batch.len() as u64;
        let refusals = match &mut self.target {
            Target::Directory { store, .. } => self.runtime.block_on(append(store, batch))?,
            Target::Server(endpoint) => self.runtime.block_on(endpoint.put(&batch))?,
        };
        self.imported += count - (refusals.len() as u64).min(count);
        self.progress.add(count);
        refusals.iter().for_each(|refusal| self.refuse(refusal));
        Ok(())
    }

    fn refuse(&mut self, why: &str) {
        self.refuse_all(1, why);
    }

    /// Some that are refused for the same reason.
    fn refuse_all(&mut self, count: u64, why: &str) {
        let is_told = self.refused < MAX_TOLD;
        self.refused += count;
        if is_told {
            let _ = io::Write::write_all(&mut io::stderr(), format!("refused: {why}\n").as_bytes());
        }
    }
}

/// Gives why documents were refused.
async fn append(store: &LocalStore, batch: Vec<Received>) -> anyhow::Result<Vec<String>> {
    let mut refusals = Vec::new();
    let mut documents = Vec::with_capacity(batch.len());
    for one in batch {
        match wire::receive(one.raw) {
            Ok(taken) => documents.push(NewDocument { received: one.received, document: taken.document }),
            Err(reject) => refusals.push(format!("{reject}: {}", reject.detail)),
        }
    }
    loop {
        match store.append(documents.clone()).await {
            Ok(()) => return Ok(refusals),
            // The digest worker, or the disk, is behind.
            Err(StoreError::Busy { .. }) => tokio::time::sleep(PATIENCE).await,
            Err(error) => return Err(error.into()),
        }
    }
}

impl Target {
    /// The digest worker runs as in a server, so that the directory is whole when the import ends.
    fn open(dir: &Path, keys: Option<Arc<Seals>>) -> anyhow::Result<Target> {
        let config = store_local::Config { keys, ..store_local::Config::new(dir) };
        let store = Arc::new(LocalStore::open(config)?);
        let shutdown = CancellationToken::new();
        let digest = digest::start(
            &digest::Config::default(),
            Arc::clone(&store) as Arc<dyn TraceStore>,
            Arc::new(SystemClock),
            shutdown.clone(),
        );
        Ok(Target::Directory { store, digest, shutdown })
    }

    async fn close(self) -> anyhow::Result<()> {
        let Target::Directory { store, digest, shutdown } = self else { return Ok(()) };
        digest.reached(store.status().newest).await;
        shutdown.cancel();
        digest.stopped().await;
        store.close().await.context("close the store")
    }
}
