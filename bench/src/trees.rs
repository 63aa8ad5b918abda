//! `fluoro-bench trees`: how long it takes to make one tree of many traces, and their critical path.
//!
//! Only what a reader waits for counts: wall time from a request to the whole answer, one request at a time, of as many
//! traces as are looked at in the time that a page takes, and of all of them.

use std::fmt::Write;
use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::document::now;
use crate::http::Connection;
use crate::load;
use crate::process::Server;
use crate::step;

const TRACES: usize = 1_000_000;
const REQUESTS: usize = 5;
/// The longest that a server works at one answer.
const PATIENCE_MS: f64 = 20_000.0;
/// For what is still under way when all documents are in.
const SETTLE_LIMIT: Duration = Duration::from_secs(300);

const QUESTIONS: [(&str, &str, &str); 5] = [
    ("the tree of all traces", "/api/tree", "{}"),
    ("the tree of failures beside the rest", "/api/tree", r#"{"a":"fault","rest":true}"#),
    ("the tree of one in 200", "/api/tree", r#"{"a":"fault"}"#),
    ("the critical path of all traces", "/api/critical-path", "{}"),
    (
        "what if a table were faster",
        "/api/critical-path",
        r#"{"faster":{"node":"table-3~AWS::DynamoDB::Table","by":100}}"#,
    ),
];

/// `arguments`: nothing, or `--traces` and a number.
pub(crate) fn run(
    mut arguments: impl Iterator<Item = String>,
    output: &mut impl io::Write,
) -> anyhow::Result<()> {
    let traces = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => TRACES,
        (Some("--traces"), Some(number)) => number.parse().context("read the number of traces")?,
        (Some(other), _) => bail!("{other} is not known; there is --traces NUMBER"),
    };
    let begin = now() - 60.0;
    let server = Server::start()?;
    step(&format!("how long it takes to put {traces} traces"));
    // Four of five documents begin a trace.
    load::put(&server, traces.saturating_mul(5) / 4)?;
    server.settle(SETTLE_LIMIT)?;
    let window = json!({ "from": begin * 1000.0, "to": (now() + 60.0) * 1000.0 });
    let mut connection = Connection::open(&server.http)?;
    let mut text = String::new();
    writeln!(text, "\nAbout {traces} traces, looked at within the time of a page, and all of them:\n")?;
    for (what, path, question) in QUESTIONS {
        step(what);
        for within in [None, Some(PATIENCE_MS)] {
            let mut question: Value = serde_json::from_str(question).context("read a question")?;
            question["from"] = window["from"].clone();
            question["to"] = window["to"].clone();
            question["within"] = json!(within);
            line(&mut text, what, &ask(&mut connection, path, &question)?)?;
        }
    }
    server.stop()?;
    output.write_all(text.as_bytes())?;
    Ok(())
}

/// The median time of some requests, and what the last was answered.
fn ask(connection: &mut Connection, path: &str, question: &Value) -> anyhow::Result<(f64, Value)> {
    let mut seconds = Vec::with_capacity(REQUESTS);
    let mut answer = Value::Null;
    for _ in 0..REQUESTS {
        let begin = Instant::now();
        let text = connection.post(path, &question.to_string().into_bytes())?.expect_ok()?;
        seconds.push(begin.elapsed().as_secs_f64());
        answer = serde_json::from_str(&text).context("read an answer")?;
    }
    seconds.sort_by(f64::total_cmp);
    Ok((seconds[REQUESTS / 2], answer))
}

fn line(text: &mut String, what: &str, (seconds, answer): &(f64, Value)) -> std::fmt::Result {
    let scanned = answer["scanned"].as_u64().unwrap_or(0);
    let whole = if answer["complete"] == true { "all" } else { "the newest" };
    writeln!(text, "{what:38} {seconds:6.2} s for {whole} {scanned} traces")
}
