//! `fluoro open`: a capsule in the console. All of it is in memory; nothing is written anywhere.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use capsule::{Content, Head, LIMITS};
use clap::Args as ClapArgs;
use door::connections::Connections;
use door::limits::Limits;
use door::proxies::Proxies;
use model::segment::Sequence;
use model::{Clock, ManualClock, Timestamp};
use settings::{Alerts, Settings};
use store::memory::MemoryStore;
use store::{Commit, NewDocument, TailCursor, TraceStore};
use terminal::plain;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::address::{is_exposed, reachable};
use crate::config::{LogConfig, LogFormat};
use crate::ground::{Ground, account};
use crate::output::{complain, print};
use crate::signal::Signals;
use crate::still::Still;
use crate::{http, log};

const BATCH: usize = 1_000;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The console shows the moment at which the capsule ends, as if it were now. What changes something is refused, and nothing is
received. Once it is ready, a line for people and a line for scripts are on standard output; Ctrl-C ends it.
A capsule may be anybody's: it can take up to some gigabytes of memory and no more, and what is wrong in it is told with its line.
Exit codes: 0 after SIGTERM or SIGINT, 1 where it cannot be opened.")]
pub struct Args {
    /// The capsule, as `fluoro capsule` or the page of an issue saved it
    file: PathBuf,
    /// Where the console listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    bind: SocketAddr,
}

/// Shows it until a signal comes.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let failed = || format!("open {}", args.file.display());
    let content = read(&args.file).with_context(failed)?;
    log::init(&LogConfig { format: LogFormat::Text, filter: "warn".to_owned(), has_colour: false });
    let runtime = Runtime::new().context("start the runtime")?;
    runtime.block_on(async {
        let mut signals = Signals::listen().context("listen for signals")?;
        let listener = TcpListener::bind(args.bind).await;
        let listener =
            listener.with_context(|| format!("listen on {}; --bind names another address", args.bind))?;
        let at = listener.local_addr().context("listen")?;
        let Opened { head, ground, refused } = load(content).await.with_context(failed)?;
        let still = Still::over(ground, &at.to_string(), Some(Arc::clone(&head)), Default::default())?;
        let door = http::Door {
            router: still.router.clone(),
            tls: None,
            is_otlp_only: false,
            connections: Connections::new(Limits::SERVER.connections, Proxies::default()),
            limits: Limits::SERVER,
            proxies: Proxies::default(),
        };
        let serving = tokio::spawn(http::serve(listener, door, still.stopping()));
        if is_exposed(at) {
            complain("warning: ANYBODY WHO CAN REACH THIS ADDRESS CAN READ THE CAPSULE: listen on 127.0.0.1");
        }
        if refused > 0 {
            complain(&format!("warning: {refused} documents of it are none, and were left out"));
        }
        print(&announce(&head, at)).context("say where it is")?;
        signals.next().await;
        still.stopping().cancel();
        // Whoever reads has two seconds, as with a server.
        let _ = tokio::time::timeout(http::GRACE, serving).await;
        Ok(still.stop().await?)
    })
}

fn read(path: &Path) -> anyhow::Result<Content> {
    let file = File::open(path)?;
    ensure!(file.metadata()?.is_file(), "it is no file");
    Ok(capsule::read(file, &LIMITS)?)
}

fn announce(head: &Head, at: SocketAddr) -> String {
    let console = reachable(at);
    let left_out = match head.complete {
        true => String::new(),
        false => "; it has not all that was there".to_owned(),
    };
    let redacted = match head.redacted.is_empty() {
        true => String::new(),
        false => format!("; taken out: {}", plain(&head.redacted.join(", "))),
    };
    format!(
        "{}\n{} traces, {} of them with their documents{left_out}{redacted}\n\
         Look at http://{console}{} (read-only; Ctrl-C ends it)\nready http={at}\n",
        plain(&head.issue.sentence),
        head.traces,
        head.with_documents,
        head.issue.page(),
    )
}

struct Opened {
    head: Arc<Head>,
    ground: Ground,
    /// Documents that are none.
    refused: usize,
}

/// Puts it into a store and settings that are gone with the process.
async fn load(content: Content) -> anyhow::Result<Opened> {
    let Content { mut head, documents, digests, minutes, settings, alerts } = content;
    ensure!(!documents.is_empty(), "it holds no documents");
    let clock = Arc::new(ManualClock::new(Timestamp(head.to)));
    let store = MemoryStore::with_capacity(documents.len());
    let (mut refused, mut count) = (0, 0);
    let mut traces = BTreeSet::new();
    for batch in documents.chunks(BATCH) {
        let mut taken = Vec::with_capacity(batch.len());
        for one in batch {
            match wire::receive(one.raw.clone()) {
                Ok(received) => {
                    taken.push(NewDocument { received: one.received, document: received.document })
                }
                Err(_) => refused += 1,
            }
        }
        traces.extend(taken.iter().map(|new| new.document.trace_id));
        count += taken.len() as u64;
        store.append(taken).await?;
    }
    ensure!(count > 0, "none of its documents is one");
    head.with_documents = traces.len() as u64;
    let lease = store.shares().borrow().first().copied().unwrap_or_default();
    // All of it is digested, so the worker has nothing to do.
    let through = TailCursor::from(Sequence(count));
    let now = clock.now();
    store
        .commit(Commit { lease, through, digests, minutes, at: now, oldest: now, ..Commit::default() })
        .await?;
    let settings = Settings::of_rows(&settings, account()).context("its settings are damaged")?;
    let alerts = Alerts::of_rows(&alerts).context("what was noticed is damaged")?;
    let ground = Ground::of(Arc::new(store), settings, alerts, clock);
    Ok(Opened { head: Arc::new(head), ground, refused })
}
