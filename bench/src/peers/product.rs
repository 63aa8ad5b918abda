//! The products that can be asked: how each is started, where it takes spans, and how it is asked.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use super::payload::{key, service, value};
use super::question::{PAGE, Question};
use crate::http::{Answer, Connection};

/// The directory with what it keeps.
const DATA: &str = "data";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    Fluoro,
    VictoriaTraces,
    Jaeger,
}

/// Ports on loopback: for questions, for spans, and one of its own that nobody uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports(pub(crate) [u16; 3]);

/// The range that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) from_seconds: u64,
    pub(crate) to_seconds: u64,
}

impl Product {
    /// By the beginning of the name that was given, so that two builds of one product can be compared.
    pub(crate) fn of(name: &str) -> anyhow::Result<Self> {
        let known =
            [("fluoro", Self::Fluoro), ("victoriatraces", Self::VictoriaTraces), ("jaeger", Self::Jaeger)];
        let found = known.into_iter().find(|(begin, _)| name.starts_with(begin));
        found.map(|(_, product)| product).with_context(|| {
            format!("{name:?} is not known: a name begins with fluoro, victoriatraces or jaeger")
        })
    }

    pub(crate) fn arguments(self, data: &Path, ports: Ports) -> anyhow::Result<Vec<String>> {
        let [questions, spans, _] = ports.0;
        let data = data.to_string_lossy();
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Ok(match self {
            Self::Fluoro => {
                let bind = format!("127.0.0.1:{questions}");
                let otlp = format!("127.0.0.1:{spans}");
                let data = format!("{data}/{DATA}");
                own(&[
                    "serve",
                    "--bind",
                    &bind,
                    "--otlp-http",
                    &otlp,
                    "--otlp-grpc",
                    "off",
                    "--data-dir",
                    &data,
                ])
            }
            Self::VictoriaTraces => own(&[
                &format!("-storageDataPath={data}/{DATA}"),
                &format!("-httpListenAddr=127.0.0.1:{questions}"),
                "-loggerLevel=WARN",
            ]),
            Self::Jaeger => {
                let file = Path::new(&*data).join("config.yaml");
                std::fs::write(&file, jaeger(&data, ports)).context("write Jaeger's configuration")?;
                own(&["--config", &file.to_string_lossy()])
            }
        })
    }

    /// What of its directory is data.
    pub(crate) fn data(directory: &Path) -> std::path::PathBuf {
        directory.join(DATA)
    }

    /// Answers 200 once it can be asked.
    pub(crate) fn health(self) -> &'static str {
        match self {
            Self::Fluoro => "/healthz",
            Self::VictoriaTraces => "/health",
            Self::Jaeger => "/",
        }
    }

    /// Where spans go: which of the ports, and the path.
    pub(crate) fn door(self, ports: Ports) -> (u16, &'static str) {
        let [questions, spans, _] = ports.0;
        match self {
            Self::VictoriaTraces => (questions, "/insert/opentelemetry/v1/traces"),
            Self::Fluoro | Self::Jaeger => (spans, "/v1/traces"),
        }
    }

    /// Whether it can be asked this.
    pub(crate) fn can(self, question: &Question) -> bool {
        match self {
            Self::Fluoro => true,
            Self::VictoriaTraces => *question != Question::Map,
            // It searches the spans of a service.
            Self::Jaeger => !matches!(question, Question::Attribute { .. }),
        }
    }

    pub(crate) fn ask(
        self,
        connection: &mut Connection,
        question: &Question,
        range: Range,
    ) -> anyhow::Result<Answer> {
        match self {
            Self::Fluoro => ask_fluoro(connection, question, range),
            Self::VictoriaTraces => ask_victoria(connection, question, range),
            Self::Jaeger => ask_jaeger(connection, question, range),
        }
    }

    /// The traces that an answer has; of a trace itself, once for each of its spans.
    pub(crate) fn found(self, question: &Question, body: &str) -> anyhow::Result<Vec<String>> {
        if let Question::Trace(id) = question {
            return Ok(vec![id.clone(); self.spans(body)?]);
        }
        if let (Self::VictoriaTraces, Question::Attribute { .. }) = (self, question) {
            // A line of JSON for each span.
            let lines = body.lines().map(serde_json::from_str::<Value>);
            let mut ids = BTreeSet::new();
            for line in lines {
                ids.extend(line.context("read an answer")?["trace_id"].as_str().map(str::to_owned));
            }
            return Ok(ids.into_iter().collect());
        }
        let answer: Value = serde_json::from_str(body).context("read an answer")?;
        let (list, id) = match self {
            Self::Fluoro => (&answer["traces"], "id"),
            Self::VictoriaTraces => (&answer["data"], "traceID"),
            Self::Jaeger => (&answer["summaries"], "traceId"),
        };
        let ids = list.as_array().into_iter().flatten().filter_map(|trace| trace[id].as_str());
        Ok(ids.map(|id| id.trim_start_matches("1-").replace('-', "")).collect())
    }

    /// How many spans an answer has.
    fn spans(self, body: &str) -> anyhow::Result<usize> {
        let answer: Value = serde_json::from_str(body).context("read an answer")?;
        let length = |value: &Value| value.as_array().map_or(0, Vec::len);
        Ok(match self {
            Self::Fluoro => length(&answer["Traces"][0]["Segments"]),
            Self::VictoriaTraces => length(&answer["data"][0]["spans"]),
            Self::Jaeger => {
                let scopes = answer["result"]["resourceSpans"].as_array().into_iter().flatten();
                let scopes = scopes.flat_map(|spans| spans["scopeSpans"].as_array().into_iter().flatten());
                scopes.map(|scope| length(&scope["spans"])).sum()
            }
        })
    }
}

fn ask_fluoro(connection: &mut Connection, question: &Question, range: Range) -> anyhow::Result<Answer> {
    let Range { from_seconds, to_seconds } = range;
    let filter = match question {
        Question::Trace(id) => {
            let (time, rest) = id.split_at(8);
            let body = format!("{{\"TraceIds\":[\"1-{time}-{rest}\"]}}");
            return connection.post("/Traces", body.as_bytes());
        }
        Question::Map => {
            let body = format!("{{\"StartTime\":{from_seconds},\"EndTime\":{to_seconds}}}");
            return connection.post("/ServiceGraph", body.as_bytes());
        }
        Question::Attribute { key: of, value: is } => {
            format!("annotation.{} = \"{}\"", key(*of), value(*is))
        }
        Question::OfService { service: at, key: of, value: is } => {
            format!("service(\"{}\") {{ annotation.{} = \"{}\" }}", service(*at), key(*of), value(*is))
        }
        Question::Failed { service: at } => format!("service(\"{}\") {{ fault }}", service(*at)),
        Question::Newest { service: at } => format!("service(\"{}\")", service(*at)),
    };
    let (from, to) = (from_seconds * 1_000, to_seconds * 1_000);
    let path =
        format!("/api/traces?from={from}&to={to}&limit={PAGE}&overview=false&filter={}", escaped(&filter));
    connection.get(&path)
}

fn ask_victoria(connection: &mut Connection, question: &Question, range: Range) -> anyhow::Result<Answer> {
    let Range { from_seconds, to_seconds } = range;
    let tagged = |at: u8, tags: &str| {
        let (from, to) = (from_seconds * 1_000_000, to_seconds * 1_000_000);
        let tags = if tags.is_empty() { String::new() } else { format!("&tags={}", escaped(tags)) };
        let name = service(at);
        format!("/select/jaeger/api/traces?service={name}&start={from}&end={to}&limit={PAGE}{tags}")
    };
    let path = match question {
        Question::Trace(id) => format!("/select/jaeger/api/traces/{id}"),
        Question::Attribute { key: of, value: is } => {
            let (of, is) = (key(*of), value(*is));
            let query =
                format!("\"span_attr:{of}\":=\"{is}\" | sort by (_time desc) limit {PAGE} | fields trace_id");
            let (from, to) = (from_seconds, to_seconds);
            format!("/select/logsql/query?start={from}&end={to}&query={}", escaped(&query))
        }
        Question::OfService { service: at, key: of, value: is } => {
            tagged(*at, &format!("{{\"{}\":\"{}\"}}", key(*of), value(*is)))
        }
        Question::Failed { service: at } => tagged(*at, "{\"error\":\"true\"}"),
        Question::Newest { service: at } => tagged(*at, ""),
        Question::Map => bail!("this VictoriaTraces has no map"),
    };
    connection.get(&path)
}

fn ask_jaeger(connection: &mut Connection, question: &Question, range: Range) -> anyhow::Result<Answer> {
    let time = |seconds: u64| escaped(&wire_time(seconds));
    let Range { from_seconds, to_seconds } = range;
    let tagged = |at: u8, tags: &str| {
        let (from, to) = (time(from_seconds), time(to_seconds));
        let mut path = format!(
            "/api/v3/trace-summaries?query.serviceName={}&query.startTimeMin={from}&query.startTimeMax={to}&query.searchDepth={PAGE}",
            service(at)
        );
        if !tags.is_empty() {
            let _ = write!(path, "&query.attributes={}", escaped(tags));
        }
        path
    };
    let path = match question {
        Question::Trace(id) => format!("/api/v3/traces/{id}"),
        Question::Attribute { .. } => bail!("Jaeger asks for a service"),
        Question::OfService { service: at, key: of, value: is } => {
            tagged(*at, &format!("{{\"{}\":\"{}\"}}", key(*of), value(*is)))
        }
        Question::Failed { service: at } => tagged(*at, "{\"error\":\"true\"}"),
        Question::Newest { service: at } => tagged(*at, ""),
        Question::Map => {
            let lookback = (to_seconds - from_seconds) * 1_000;
            format!("/api/dependencies?endTs={}&lookback={lookback}", to_seconds * 1_000)
        }
    };
    connection.get(&path)
}

/// RFC 3339, of a time since 1970.
fn wire_time(seconds: u64) -> String {
    let (days, second) = ((seconds / 86_400) as i64, seconds % 86_400);
    // Days since the first of March of the year 0, where leap days come last; 400 years have 146,097 days.
    let day = days + 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, year) = (if month < 10 { month + 3 } else { month - 9 }, year + era * 400);
    let year = if month <= 2 { year + 1 } else { year };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Percent-encoded.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => escaped.push(byte.into()),
            _ => _ = write!(escaped, "%{byte:02X}"),
        }
    }
    escaped
}

/// Badger on the disk, spans by HTTP, everything on loopback, nothing of its own traced or counted.
fn jaeger(data: &str, ports: Ports) -> String {
    let [questions, spans, spare] = ports.0;
    format!(
        "service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines:
    traces: {{ receivers: [otlp], processors: [batch], exporters: [jaeger_storage_exporter] }}
  telemetry:
    metrics: {{ level: none }}
    logs: {{ level: warn }}
extensions:
  jaeger_query:
    enable_tracing: false
    http: {{ endpoint: '127.0.0.1:{questions}' }}
    grpc: {{ endpoint: '127.0.0.1:{spare}' }}
    storage: {{ traces: spans }}
  jaeger_storage:
    backends:
      spans:
        badger:
          directories: {{ keys: '{data}/{DATA}', values: '{data}/{DATA}' }}
          ephemeral: false
          ttl: {{ spans: 48h }}
receivers:
  otlp:
    protocols:
      http: {{ endpoint: '127.0.0.1:{spans}' }}
processors:
  batch:
exporters:
  jaeger_storage_exporter: {{ trace_storage: spans }}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        let check = |seconds: u64, expected: &str| assert_eq!(wire_time(seconds), expected);
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_399, "2000-02-28T23:59:59Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(1_795_910_400, "2026-11-29T00:00:00Z");
    }

    #[test]
    fn answers_of_each_product_are_read() {
        let attribute = Question::Attribute { key: 1, value: 2 };
        let failed = Question::Failed { service: 1 };
        let check = |product: Product, question: &Question, body: &str, expected: &[&str]| {
            assert_eq!(product.found(question, body).unwrap(), expected);
        };
        check(
            Product::Fluoro,
            &attribute,
            r#"{"traces":[{"id":"1-0000000a-00000000000000000000000b"}]}"#,
            &["0000000a00000000000000000000000b"],
        );
        check(
            Product::VictoriaTraces,
            &attribute,
            "{\"trace_id\":\"b\"}\n{\"trace_id\":\"a\"}\n",
            &["a", "b"],
        );
        check(Product::VictoriaTraces, &failed, r#"{"data":[{"traceID":"a","spans":[]}]}"#, &["a"]);
        check(Product::Jaeger, &failed, r#"{"summaries":[{"traceId":"a"}]}"#, &["a"]);
        let whole = Question::Trace("a".to_owned());
        check(Product::Fluoro, &whole, r#"{"Traces":[{"Segments":[{},{}]}]}"#, &["a", "a"]);
    }
}
