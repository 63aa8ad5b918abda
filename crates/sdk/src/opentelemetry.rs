//! X-Ray's sampling rules for spans of OpenTelemetry.
//!
//! ```
//! use fluoro_sdk::opentelemetry::XRaySampler;
//! use opentelemetry_sdk::trace::SdkTracerProvider;
//!
//! # fn main() -> Result<(), fluoro_sdk::ConfigError> {
//! // Asks X-Ray for its rules, through the daemon, as long as it is held: keep it in `main`.
//! let rules = fluoro_sdk::Recorder::builder().name("orders").central_sampling().build()?;
//! let provider = SdkTracerProvider::builder().with_sampler(XRaySampler::new(&rules)).build();
//! # Ok(())
//! # }
//! ```
//!
//! The spans go wherever OpenTelemetry's exporter sends them; this decides which of them are recorded, and reports to X-Ray how
//! many were. The daemon's address, rules of a file until X-Ray's have come, and plugins, of which rules may ask where the
//! program runs, are those of the recorder.

use std::fmt;

use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId, TraceState};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use crate::recorder::Recorder;
use crate::sampler::SamplingRequest;

/// Decides as a recorder does: a span with a parent as its parent, and any other by the rules.
///
/// It need not be within `Sampler::ParentBased`, which takes a caller that has only told a trace for one that has decided.
/// Where the recorder is disabled, nothing is recorded.
#[derive(Clone)]
pub struct XRaySampler {
    recorder: Recorder,
}

impl XRaySampler {
    /// With that recorder's rules and name.
    pub fn new(recorder: &Recorder) -> Self {
        Self { recorder: recorder.clone() }
    }

    fn decide(&self, attributes: &[KeyValue]) -> bool {
        let Some(core) = self.recorder.core() else { return false };
        let asked = Asked::of(attributes);
        let request = SamplingRequest {
            name: Some(core.tracing_name.as_deref().unwrap_or(&core.name)),
            host: asked.host,
            method: asked.method,
            path: asked.path,
            origin: None,
        };
        core.decide(&request).sampled
    }
}

impl fmt::Debug for XRaySampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XRaySampler").finish_non_exhaustive()
    }
}

impl ShouldSample for XRaySampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _: TraceId,
        _: &str,
        _: &SpanKind,
        attributes: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let parent = parent
            .filter(|parent| parent.has_active_span())
            .map(|parent| parent.span().span_context().clone());
        let is_sampled = match parent.as_ref().filter(|parent| parent.is_valid()) {
            Some(parent) => parent.is_sampled(),
            None => self.decide(attributes),
        };
        SamplingResult {
            decision: if is_sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
            attributes: Vec::new(),
            trace_state: parent.map_or_else(TraceState::default, |parent| parent.trace_state().clone()),
        }
    }
}

/// What a span says of the request, by the present names of its attributes and by older ones.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked<'a> {
    host: Option<&'a str>,
    method: Option<&'a str>,
    path: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn of(attributes: &'a [KeyValue]) -> Self {
        let text = |names: &[&str]| {
            // In the order of the names, whatever that of the attributes.
            names.iter().find_map(|name| {
                let known = attributes.iter().find(|known| known.key.as_str() == *name)?;
                if let Value::String(text) = &known.value { Some(text.as_str()) } else { None }
            })
        };
        let url = text(&["url.full", "http.url"]).and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
        let (of_url, path_of_url) = match url {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                (Some(authority.rsplit_once('@').map_or(authority, |(_, host)| host)), Some(path))
            }
            None => (None, None),
        };
        let path = text(&["url.path", "http.target"]).or(path_of_url.filter(|path| path.starts_with('/')));
        Self {
            host: text(&["http.host", "server.address", "net.host.name"]).or(of_url),
            method: text(&["http.request.method", "http.method"]),
            path: path.map(|path| path.split(['?', '#']).next().unwrap_or(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags};

    use super::*;

    #[track_caller]
    fn check(attributes: &[(&'static str, &'static str)], expected: [Option<&str>; 3]) {
        let attributes: Vec<_> = attributes.iter().map(|(key, value)| KeyValue::new(*key, *value)).collect();
        let [host, method, path] = expected;
        assert_eq!(Asked::of(&attributes), Asked { host, method, path });
    }

    #[test]
    fn requests_are_told_by_the_names_of_both_conventions() {
        check(&[], [None; 3]);
        let (host, get, path) = (Some("shop.example"), Some("GET"), Some("/order"));
        check(
            &[("server.address", "shop.example"), ("http.request.method", "GET"), ("url.path", "/order")],
            [host, get, path],
        );
        check(
            &[("http.host", "shop.example"), ("http.method", "GET"), ("http.target", "/order?secret#x")],
            [host, get, path],
        );
        check(&[("http.url", "https://ada:pw@shop.example/order?secret")], [host, None, path]);
        check(&[("url.full", "https://shop.example?/order")], [host, None, None]);
        check(&[("url.full", "shop.example"), ("url.path", "")], [None, None, Some("")]);
    }

    /// Records what goes to `/order`, and nothing else.
    fn sampler() -> (crate::RecorderGuard, XRaySampler) {
        let rules = r#"{"version":2,"default":{"fixed_target":0,"rate":0},"rules":[
            {"host":"*","http_method":"*","url_path":"/order","fixed_target":0,"rate":1}]}"#;
        let recorder =
            Recorder::builder().sampling_rules(rules).memory().environment(|_| None).build().unwrap();
        let sampler = XRaySampler::new(&recorder);
        (recorder, sampler)
    }

    fn ask(sampler: &XRaySampler, parent: Option<&Context>, path: &'static str) -> SamplingResult {
        let attributes = [KeyValue::new("url.path", path)];
        sampler.should_sample(parent, TraceId::from(1), "GET", &SpanKind::Server, &attributes, &[])
    }

    fn caller(span: u64, flags: u8) -> Context {
        let state = TraceState::from_key_value([("a", "b")]).unwrap();
        let context =
            SpanContext::new(TraceId::from(1), SpanId::from(span), TraceFlags::new(flags), true, state);
        Context::new().with_remote_span_context(context)
    }

    #[test]
    fn rules_decide_where_no_caller_has() {
        let (_recorder, sampler) = sampler();
        let (keep, drop) = (SamplingDecision::RecordAndSample, SamplingDecision::Drop);
        assert_eq!(ask(&sampler, None, "/order").decision, keep);
        assert_eq!(ask(&sampler, None, "/other").decision, drop);
        assert_eq!(ask(&sampler, Some(&Context::new()), "/order").decision, keep);
        assert_eq!(ask(&sampler, Some(&caller(1, 1)), "/other").decision, keep);
        let unsampled = ask(&sampler, Some(&caller(1, 0)), "/order");
        assert_eq!(unsampled.decision, drop);
        assert_eq!(unsampled.trace_state.get("a"), Some("b"), "it goes on");
        // A load balancer has told the trace, and decided nothing.
        assert_eq!(ask(&sampler, Some(&caller(0, 0)), "/order").decision, keep);
    }

    #[test]
    fn a_disabled_recorder_records_nothing() {
        let disabled = |key: &str| (key == "AWS_XRAY_SDK_ENABLED").then(|| "false".to_owned());
        let recorder = Recorder::builder().sample_all(true).environment(disabled).build().unwrap();
        assert_eq!(ask(&XRaySampler::new(&recorder), None, "/order").decision, SamplingDecision::Drop);
    }
}
