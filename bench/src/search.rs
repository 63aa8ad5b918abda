//! `fluoro-bench search`: how long GetTraceSummaries takes over many traces, by kind of filter.
//!
//! Only what a client waits for counts here: wall time from its request to the whole answer, one request at a time.

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
use crate::visible::percentile;

const TRACES: usize = 1_000_000;
/// Of each filter, for its first page.
const REQUESTS: usize = 100;
/// For going through the pages of one filter: everything has ten thousand.
const PAGES_LIMIT: Duration = Duration::from_secs(10);
/// For what is still under way when all documents are in.
const SETTLE_LIMIT: Duration = Duration::from_secs(300);

/// By what they ask for; `#` is another number in each request, so that no answer was made before.
const FILTERS: [(&str, &str); 10] = [
    ("everything", ""),
    ("a flag, one in 200", "fault"),
    ("a service, one in 12", "service(\"service-#12\")"),
    ("a service and its flag", "service(\"service-#12\") { fault }"),
    ("an edge", "edge(\"service-#12\", \"DynamoDB\")"),
    ("a number, one in 80", "responsetime > 0.395"),
    ("a status, one in 50", "http.status = 404"),
    ("a part of the address, one in 40", "http.url CONTAINS \"/route-#40/\""),
    ("a user, one in 20,000", "user = \"user-#20000\""),
    ("an annotation, one in 200", "annotation.tenant = \"tenant-#200\""),
];

/// What one filter took.
struct Measured {
    /// Sorted milliseconds of first pages.
    first: Vec<f64>,
    /// Traces on the last first page.
    found: usize,
    /// One run through the pages.
    all: Pages,
}

struct Pages {
    seconds: f64,
    pages: usize,
    found: usize,
    /// Whether they came to an end within their time.
    ended: bool,
}

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
    let started = Instant::now();
    // Four of five documents begin a trace.
    load::put(&server, traces.saturating_mul(5) / 4)?;
    server.settle(SETTLE_LIMIT)?;
    let load_seconds = started.elapsed().as_secs_f64();

    let window = json!({ "StartTime": begin, "EndTime": now() + 60.0 });
    let mut connection = Connection::open(&server.http)?;
    let mut text = String::new();
    let heading = "Wall time of GetTraceSummaries:";
    writeln!(text, "\nAbout {traces} traces, put and digested in {load_seconds:.0} s. {heading}\n")?;
    writeln!(text, "{:34} {:>18} {:>7}   pages to the end, or for 10 s", "", "first page p50;p99", "traces")?;
    for (what, filter) in FILTERS {
        step(&format!("searches for {what}"));
        line(&mut text, what, &measure(&mut connection, &window, filter)?)?;
    }
    server.stop()?;
    output.write_all(text.as_bytes())?;
    Ok(())
}

fn line(text: &mut String, what: &str, measured: &Measured) -> std::fmt::Result {
    let times = [0.5, 0.99].map(|share| percentile(&measured.first, share));
    let first = format!("{:.1}; {:.1} ms", times[0], times[1]);
    let Pages { seconds, pages, found, ended } = measured.all;
    let more = if ended { "" } else { " and more" };
    writeln!(
        text,
        "{what:34} {first:>18} {:>7}   {found} traces{more}, {pages} pages in {seconds:.2} s",
        measured.found
    )
}

fn measure(connection: &mut Connection, window: &Value, filter: &str) -> anyhow::Result<Measured> {
    let mut first = Vec::with_capacity(REQUESTS);
    let mut found = 0;
    for number in 0..REQUESTS {
        let body = request(window, filter, number, None);
        let begin = Instant::now();
        let answer = connection.post("/TraceSummaries", &body)?.expect_ok()?;
        first.push(begin.elapsed().as_secs_f64() * 1000.0);
        found = summaries(&parse(&answer)?);
    }
    first.sort_by(f64::total_cmp);
    Ok(Measured { first, found, all: pages(connection, window, filter)? })
}

fn pages(connection: &mut Connection, window: &Value, filter: &str) -> anyhow::Result<Pages> {
    let begin = Instant::now();
    let mut all = Pages { seconds: 0.0, pages: 0, found: 0, ended: false };
    let mut token = None;
    loop {
        let body = request(window, filter, REQUESTS, token.as_ref());
        let page = parse(&connection.post("/TraceSummaries", &body)?.expect_ok()?)?;
        all.pages += 1;
        all.found += summaries(&page);
        all.seconds = begin.elapsed().as_secs_f64();
        match &page["NextToken"] {
            Value::Null => return Ok(Pages { ended: true, ..all }),
            _ if begin.elapsed() > PAGES_LIMIT => return Ok(all),
            next => token = Some(next.clone()),
        }
    }
}

fn request(window: &Value, filter: &str, number: usize, token: Option<&Value>) -> Vec<u8> {
    let mut body = window.clone();
    if !filter.is_empty() {
        body["FilterExpression"] = numbered(filter, number).into();
    }
    if let Some(token) = token {
        body["NextToken"] = token.clone();
    }
    body.to_string().into_bytes()
}

/// `tenant-#200` as `tenant-137`: some number below the one that follows the sign.
fn numbered(filter: &str, number: usize) -> String {
    let Some((before, after)) = filter.split_once('#') else { return filter.to_owned() };
    let digits = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    let (count, after) = after.split_at(digits);
    // Steps by a prime visit every number before one comes again.
    let chosen = count.parse::<usize>().map_or(0, |count| number * 7919 % count.max(1));
    format!("{before}{chosen}{after}")
}

fn parse(answer: &str) -> anyhow::Result<Value> {
    serde_json::from_str(answer).context("read an answer")
}

fn summaries(page: &Value) -> usize {
    page["TraceSummaries"].as_array().map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn each_request_asks_for_another_number() {
        let check =
            |filter: &str, number: usize, expected: &str| assert_eq!(numbered(filter, number), expected);
        check("fault", 3, "fault");
        check("user = \"user-#20000\"", 3, "user = \"user-3757\"");
        check("service(\"service-#12\") { fault }", 1, "service(\"service-11\") { fault }");
        check("#", 1, "0");
    }
}
