//! Every route of the port, a row each. What a row says is in [`Route`]; what to do besides for a new one, in its file's header.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::Method;

use crate::auth::{page, session};
use crate::body::MAX_SEGMENTS_BYTES;
use crate::route::Need::{GetMetrics, ManageKeys, Nothing, ReadConsole, WriteConsole};
use crate::route::Route;
use crate::{exposition, health};

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let xray = xray();
    let by_name: Vec<Route> = xray.iter().filter_map(Route::by_name).collect();
    [port(), xray, console(), by_name].into_iter().flatten().collect()
});

/// One path may have several methods.
static BY_PATH: LazyLock<HashMap<&'static str, Vec<&'static Route>>> = LazyLock::new(|| {
    let mut by_path: HashMap<_, Vec<_>> = HashMap::new();
    for route in ROUTES.iter() {
        by_path.entry(&*route.path).or_default().push(route);
    }
    by_path
});

/// All routes: those of the port, X-Ray's, the console's, and X-Ray's by name for the console.
pub fn routes() -> &'static [Route] {
    &ROUTES
}

/// The route of a path as the table has it. A method that the path does not take is treated like the first one that it does.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Route> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let routes = BY_PATH.get(path)?;
    routes.iter().find(|route| route.method == *method).or(routes.first()).copied()
}

/// Neither X-Ray's nor the console's.
fn port() -> Vec<Route> {
    vec![
        Route::get("/healthz", Nothing, health::healthz).doc("whether the process lives"),
        Route::get("/readyz", Nothing, health::readyz)
            .doc("whether segments are taken and answers are current"),
        Route::get("/metrics", GetMetrics, exposition::render)
            .doc("the metrics of all parts, as Prometheus' text"),
        Route::get(page::PATH, Nothing, page::show).doc("the page to sign in"),
        Route::post(page::PATH, Nothing, page::submit)
            .max_body(page::MAX_FORM_BYTES)
            .doc("what the page to sign in sends"),
        Route::get("/signin.css", Nothing, page::style).doc("the style of that page"),
    ]
}

/// As botocore's model `xray/2016-04-12` names them.
fn xray() -> Vec<Route> {
    use crate::xray::{
        encryption, group, insight, policy, retrieval, rule, sampling, segments, series, service_graph,
        summaries, tag, telemetry, traces, transaction_search,
    };
    vec![
        Route::operation("PutTraceSegments", "/TraceSegments", segments::put_trace_segments)
            .max_body(MAX_SEGMENTS_BYTES)
            .doc("takes documents"),
        Route::operation("PutTelemetryRecords", "/TelemetryRecords", telemetry::put_telemetry_records)
            .doc("takes what agents count"),
        Route::operation("BatchGetTraces", "/Traces", traces::batch_get_traces)
            .doc("the documents of traces by id"),
        Route::operation("GetTraceSummaries", "/TraceSummaries", summaries::get_trace_summaries)
            .doc("what is known of the traces that a filter matches"),
        Route::operation("GetTraceGraph", "/TraceGraph", service_graph::get_trace_graph)
            .doc("the map of traces by id"),
        Route::operation("GetServiceGraph", "/ServiceGraph", service_graph::get_service_graph)
            .doc("the map of a window"),
        Route::operation(
            "GetTimeSeriesServiceStatistics",
            "/TimeSeriesServiceStatistics",
            series::get_time_series_service_statistics,
        )
        .doc("statistics of nodes or edges by time"),
        Route::operation("CreateSamplingRule", "/CreateSamplingRule", rule::create_sampling_rule)
            .doc("makes a sampling rule"),
        Route::operation("UpdateSamplingRule", "/UpdateSamplingRule", rule::update_sampling_rule)
            .doc("changes a sampling rule"),
        Route::operation("DeleteSamplingRule", "/DeleteSamplingRule", rule::delete_sampling_rule)
            .doc("removes a sampling rule"),
        Route::operation("GetSamplingRules", "/GetSamplingRules", rule::get_sampling_rules)
            .doc("the sampling rules"),
        Route::operation("GetSamplingTargets", "/SamplingTargets", sampling::get_sampling_targets)
            .doc("takes what a client sampled, and says how much it may"),
        Route::operation(
            "GetSamplingStatisticSummaries",
            "/SamplingStatisticSummaries",
            sampling::get_sampling_statistic_summaries,
        )
        .doc("what clients sampled, by rule"),
        Route::operation("CreateGroup", "/CreateGroup", group::create_group).doc("makes a group"),
        Route::operation("UpdateGroup", "/UpdateGroup", group::update_group).doc("changes a group"),
        Route::operation("DeleteGroup", "/DeleteGroup", group::delete_group).doc("removes a group"),
        Route::operation("GetGroup", "/GetGroup", group::get_group).doc("one group"),
        Route::operation("GetGroups", "/Groups", group::get_groups).doc("the groups"),
        Route::operation("TagResource", "/TagResource", tag::tag_resource)
            .doc("tags a sampling rule or a group"),
        Route::operation("UntagResource", "/UntagResource", tag::untag_resource).doc("takes tags away"),
        Route::operation("ListTagsForResource", "/ListTagsForResource", tag::list_tags_for_resource)
            .doc("the tags of a sampling rule or a group"),
        Route::operation("PutResourcePolicy", "/PutResourcePolicy", policy::put_resource_policy)
            .doc("keeps a resource policy, which decides nothing here"),
        Route::operation("DeleteResourcePolicy", "/DeleteResourcePolicy", policy::delete_resource_policy)
            .doc("removes a resource policy"),
        Route::operation("ListResourcePolicies", "/ListResourcePolicies", policy::list_resource_policies)
            .doc("the resource policies"),
        Route::operation("GetEncryptionConfig", "/EncryptionConfig", encryption::get_encryption_config)
            .doc("how traces are encrypted on disk"),
        Route::operation("PutEncryptionConfig", "/PutEncryptionConfig", encryption::put_encryption_config)
            .doc("takes what is the case already"),
        Route::operation("GetInsightSummaries", "/InsightSummaries", insight::get_insight_summaries)
            .doc("the insights of a group"),
        Route::operation("GetInsight", "/Insight", insight::get_insight).doc("one insight"),
        Route::operation("GetInsightEvents", "/InsightEvents", insight::get_insight_events)
            .doc("what happened to an insight"),
        Route::operation("GetInsightImpactGraph", "/InsightImpactGraph", insight::get_insight_impact_graph)
            .doc("the map of an insight"),
        Route::operation(
            "GetTraceSegmentDestination",
            "/GetTraceSegmentDestination",
            transaction_search::get_trace_segment_destination,
        )
        .doc("where spans are said to go"),
        Route::operation(
            "UpdateTraceSegmentDestination",
            "/UpdateTraceSegmentDestination",
            transaction_search::update_trace_segment_destination,
        )
        .doc("says where spans go, which switches indexing"),
        Route::operation("GetIndexingRules", "/GetIndexingRules", transaction_search::get_indexing_rules)
            .doc("the share of traces that is indexed"),
        Route::operation(
            "UpdateIndexingRule",
            "/UpdateIndexingRule",
            transaction_search::update_indexing_rule,
        )
        .doc("changes that share"),
        Route::operation("StartTraceRetrieval", "/StartTraceRetrieval", retrieval::start_trace_retrieval)
            .doc("looks traces up by id, to be read in pages"),
        Route::operation("ListRetrievedTraces", "/ListRetrievedTraces", retrieval::list_retrieved_traces)
            .doc("a page of a retrieval"),
        Route::operation(
            "GetRetrievedTracesGraph",
            "/GetRetrievedTracesGraph",
            retrieval::get_retrieved_traces_graph,
        )
        .doc("the map of a retrieval"),
        Route::operation("CancelTraceRetrieval", "/CancelTraceRetrieval", retrieval::cancel_trace_retrieval)
            .doc("ends a retrieval"),
    ]
}

/// Made for the web application. A POST that only reads needs no more than a GET.
fn console() -> Vec<Route> {
    use crate::console::{
        compare, doctor, filter, graph, group, history, key, live, node, now, replay, sampling, span, status,
        test_trace, trace, traces,
    };
    vec![
        Route::get("/api/session", Nothing, session::show).doc("who is signed in, and what they may"),
        Route::post("/api/session", Nothing, session::begin).doc("signs in"),
        Route::delete("/api/session", Nothing, session::end).doc("signs out"),
        Route::get("/api/status", ReadConsole, status::status).doc("what was received, refused and kept"),
        Route::get("/api/live", ReadConsole, live::live).doc("a stream of events: something new arrived"),
        Route::get("/api/graph", ReadConsole, graph::graph).doc("the map, issues and requests of a range"),
        Route::get("/api/history", ReadConsole, history::history)
            .doc("requests of a long range, new versions, slow nodes"),
        Route::get("/api/replay", ReadConsole, replay::replay).doc("a range of the map, frame by frame"),
        Route::get("/api/now", ReadConsole, now::now)
            .doc("what is broken, since when, and whose fault it is"),
        Route::get("/api/node", ReadConsole, node::node).doc("one node of the map"),
        Route::get("/api/traces", ReadConsole, traces::traces)
            .doc("a page of traces, and all of them in groups"),
        Route::get("/api/traces/{id}", ReadConsole, trace::trace).doc("one trace"),
        Route::get("/api/traces/{id}/graph", ReadConsole, trace::view::graph).doc("the map of one trace"),
        Route::get("/api/traces/{id}/raw", ReadConsole, trace::view::raw)
            .doc("what BatchGetTraces answers of one trace"),
        Route::get("/api/traces/{id}/documents", ReadConsole, trace::view::documents)
            .doc("the documents of one trace as they came"),
        Route::get("/api/traces/{id}/spans/{span}", ReadConsole, span::span).doc("one span of a trace"),
        Route::get("/api/traces/{id}/spans/{span}/percentile", ReadConsole, trace::percentile::percentile)
            .doc("how slow a span is among its like"),
        Route::post("/api/compare", ReadConsole, compare::compare)
            .doc("what differs between two sets of traces"),
        Route::post("/api/filter/parse", ReadConsole, filter::parse).doc("reads a filter expression"),
        Route::post("/api/filter/complete", ReadConsole, filter::complete)
            .doc("what could follow in a filter expression"),
        Route::get("/api/doctor", ReadConsole, doctor::diagnose).doc("what became of a trace"),
        Route::get("/api/sampling", ReadConsole, sampling::rules)
            .doc("the sampling rules, with what SDKs reported"),
        Route::post("/api/sampling/try", ReadConsole, sampling::decide)
            .doc("which sampling rule a request falls under"),
        Route::get("/api/groups", ReadConsole, group::groups).doc("the groups"),
        Route::post("/api/test-trace", WriteConsole, test_trace::send)
            .doc("sends a trace, to see that it arrives"),
        Route::get("/api/keys", ManageKeys, key::list).doc("the keys, without their secrets"),
        Route::post("/api/keys", ManageKeys, key::create).doc("makes a key"),
        Route::post("/api/keys/check", ManageKeys, key::check).doc("whether a text is a policy"),
        Route::delete("/api/keys/{id}", ManageKeys, key::revoke).doc("revokes a key"),
    ]
}
