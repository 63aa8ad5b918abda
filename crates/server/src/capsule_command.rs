//! `fluoro capsule`: asks a running server, or reads a data directory that none has open.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{Request, StatusCode};
use capsule::Redaction;
use clap::Args as ClapArgs;
use http_body_util::{BodyExt, Limited};
use model::SystemClock;
use settings::{Alerts, Settings};
use store_local::{LocalStore, Seals};
use terminal::capsule::{Flags, Saved};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::config::has_colour;
use crate::ground::{Ground, account};
use crate::output::{print, print_on};
use crate::signal::Signals;
use crate::still::Still;

/// Of a refusal.
const MAX_REFUSAL_BYTES: usize = 64 << 10;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The id is that of the page: /issues/ID or /insights/ID. `fluoro issues --json` has it, too.
The file holds traces, rollups, settings without secrets, alarms, insights and notes from 40 minutes before the issue to 5 minutes
after it, 6 hours at the most: whoever gets it can read them. --redact and the server's own --capsule-redact take values out by
their names: see docs/capsule.md.
With --data-dir no server may run on the directory; ask one that does with --endpoint.")]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// A data directory that no server has open, instead of a running server
    #[arg(long, value_name = "DIR", conflicts_with_all = ["endpoint", "token_file"])]
    data_dir: Option<PathBuf>,
    /// With --data-dir, the file of keys where the directory is encrypted [env: FLUORO_ENCRYPTION_KEY]
    #[arg(long, value_name = "FILE", requires = "data_dir")]
    encryption_key: Option<PathBuf>,
}

/// For what runs on several threads.
type SharedEnvironment<'a> = &'a (dyn Fn(&str) -> Option<OsString> + Sync);

/// Saves it, and says where.
pub fn run(args: &Args, environment: SharedEnvironment<'_>) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("start the runtime")?;
    let saved = runtime.block_on(async {
        let mut signals = Signals::listen().context("listen for signals")?;
        tokio::select! {
            saved = save(args, environment) => saved,
            signal = signals.next() => bail!("ended by {signal}; nothing was saved"),
        }
    })?;
    print(&saved.told(args.flags.json)).context("say what was saved")
}

async fn save(args: &Args, environment: SharedEnvironment<'_>) -> anyhow::Result<Saved> {
    let Some(directory) = &args.data_dir else {
        let has_colour = has_colour(environment);
        let surroundings = terminal::Surroundings { environment, has_colour, print: &print_on };
        return terminal::capsule::fetch(&args.flags, &surroundings).await;
    };
    let still = open(directory, args.encryption_key.as_ref(), environment).await?;
    let saved = ask(&still, &args.flags).await;
    still.stop().await?;
    saved
}

/// A directory of a server that has stopped. What it had not digested yet is digested first.
async fn open(
    directory: &Path,
    encryption_key: Option<&PathBuf>,
    environment: SharedEnvironment<'_>,
) -> anyhow::Result<Still> {
    if !directory.join("LOCK").exists() {
        bail!("{} is no data directory of a server", directory.display());
    }
    let file = encryption_key.cloned().or_else(|| environment("FLUORO_ENCRYPTION_KEY").map(PathBuf::from));
    let keys = file.map(|file| Seals::read(&file)).transpose()?.map(Arc::new);
    let config = store_local::Config { keys, ..store_local::Config::new(directory) };
    let store = LocalStore::open(config).context("if a server runs on it, ask that one with --endpoint")?;
    let (settings, alerts) = (Settings::open(directory, account())?, Alerts::open(directory)?);
    let ground = Ground::of(Arc::new(store), settings, alerts, Arc::new(SystemClock));
    let newest = ground.store.status().newest;
    let still = Still::over(ground, "127.0.0.1", None, Redaction::default())?;
    still.pipeline.digest.reached(newest).await;
    Ok(still)
}

/// As if it were asked by HTTP, and without a socket that others could ask as well.
async fn ask(still: &Still, flags: &Flags) -> anyhow::Result<Saved> {
    let request = Request::get(flags.path()).header(HOST, "127.0.0.1").body(Body::empty()).context("ask")?;
    let answer = still.router.clone().oneshot(request).await?;
    let status = answer.status();
    if status != StatusCode::OK {
        let body = Limited::new(answer.into_body(), MAX_REFUSAL_BYTES).collect().await;
        let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
        bail!("{}", terminal::capsule::refusal(status, &body));
    }
    terminal::capsule::save(flags, answer.into_body()).await
}
