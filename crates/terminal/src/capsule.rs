//! `fluoro capsule`: an issue as a file.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use clap::Args;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use crate::command::{Reach, Surroundings};
use crate::connection::{self, encode};

#[derive(Debug, Args)]
pub struct Flags {
    #[command(flatten)]
    reach: Reach,
    /// Which one: the id of an issue or of an insight
    #[arg(long, value_name = "ID")]
    issue: String,
    /// The file to write, which must not be there yet [default: incident-SINCE.capsule]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Names of members whose values stay behind, with commas between them, such as `user,client_ip,*email*`
    #[arg(long, value_name = "NAMES")]
    redact: Option<String>,
    /// Print what was saved as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A capsule on disk.
#[derive(Debug)]
pub struct Saved {
    path: PathBuf,
    bytes: u64,
}

impl Flags {
    /// What a server is asked, path and query.
    pub fn path(&self) -> String {
        let redact = self.redact.as_deref().map(|names| format!("&redact={}", encode(names)));
        format!("/api/capsule?issue={}{}", encode(&self.issue), redact.unwrap_or_default())
    }

    /// The server's own idea of a name is not asked for: it could be any path.
    fn output(&self) -> PathBuf {
        let since = self.issue.rsplit('!').next().unwrap_or_default();
        let since: String =
            since.chars().filter(|one| one.is_ascii_alphanumeric() || *one == '-').take(40).collect();
        self.output.clone().unwrap_or_else(|| PathBuf::from(format!("incident-{since}.capsule")))
    }
}

impl Saved {
    pub fn told(&self, is_json: bool) -> String {
        let (path, bytes) = (self.path.display(), self.bytes);
        match is_json {
            true => format!("{}\n", serde_json::json!({ "file": path.to_string(), "bytes": bytes })),
            false => format!("saved {path}, {:.1} MB; `fluoro open {path}` shows it\n", bytes as f64 / 1e6),
        }
    }
}

/// Asks a running server, and saves what it answers.
pub async fn fetch(flags: &Flags, surroundings: &Surroundings<'_>) -> anyhow::Result<Saved> {
    let answer = flags.reach.connect(surroundings)?.follow(&flags.path()).await?;
    save(flags, answer).await
}

/// Saves a capsule as it comes. A file that is not whole is not left behind.
pub async fn save<B>(flags: &Flags, mut body: B) -> anyhow::Result<Saved>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let path = flags.output();
    ensure!(!path.exists(), "{} is there already; name another file with --output", path.display());
    let part = path.with_added_extension("part");
    let written = write(&part, &mut body).await;
    let kept = match written {
        Ok(bytes) => fs::rename(&part, &path).await.context("name the file").map(|()| bytes),
        Err(error) => Err(error),
    };
    match kept {
        Ok(bytes) => Ok(Saved { path, bytes }),
        Err(error) => {
            let _ = fs::remove_file(&part).await;
            Err(error)
        }
    }
}

async fn write<B>(path: &Path, body: &mut B) -> anyhow::Result<u64>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let mut file = File::create(path).await.with_context(|| format!("write {}", path.display()))?;
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.context("read what the server sends")?.into_data() else { continue };
        file.write_all(&data).await.with_context(|| format!("write {}", path.display()))?;
        bytes += data.len() as u64;
    }
    file.sync_all().await.with_context(|| format!("write {}", path.display()))?;
    if bytes == 0 {
        bail!("the server sent nothing");
    }
    Ok(bytes)
}

/// Why a server does not give one.
pub fn refusal(status: StatusCode, answer: &[u8]) -> String {
    connection::refusal(status, answer)
}
