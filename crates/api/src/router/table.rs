//! Every route of the port, a row each. What a row says is in [`Route`]; what to do besides for a new one, in its file's header.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::Method;

use crate::auth::{page, session};
use crate::body::MAX_SEGMENTS_BYTES;
use crate::otlp::{self, MAX_BODY_BYTES};
use crate::route::Need::{
    GetMetrics, ManageKeys, Named, Nothing, Operation, PutNotifier, ReadConsole, WriteConsole,
};
use crate::route::Route;
use crate::{assets, cloudwatch, exposition, front, health, sns};

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let xray = xray();
    let by_name: Vec<Route> = xray.iter().filter_map(Route::by_name).collect();
    [port(), spans(), xray, console(), by_name].into_iter().flatten().collect()
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

/// Every action that a policy can allow or deny.
pub fn actions() -> Vec<String> {
    let of_routes = ROUTES.iter().filter_map(|route| route.need.action()).map(std::borrow::Cow::into_owned);
    let named = |prefix: &'static str, names: &[&str]| {
        names.iter().map(move |name| format!("{prefix}:{name}")).collect::<Vec<_>>()
    };
    let of_bodies = [named("cloudwatch", &cloudwatch::OPERATIONS), named("sns", &sns::OPERATIONS)].concat();
    of_routes.chain(of_bodies).collect()
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
        Route::post("/", Named, front::root)
            .doc("CloudWatch's operations, as JSON or as a form, and those of SNS, as a form"),
        Route::post("/service/{service}/operation/{operation}", Named, front::rpc)
            .doc("CloudWatch's operations, as CBOR"),
        Route::get("/sns/confirm", Nothing, sns::link::confirm)
            .doc("confirms a subscription, by the token of its first message"),
        Route::get("/sns/unsubscribe", Nothing, sns::link::unsubscribe)
            .doc("ends a subscription, by the token of its messages"),
        Route::get("/", Nothing, assets::home).doc("the web application"),
    ]
}

/// OTLP's, which every port answers; the ports that are for OTLP alone answer nothing else.
fn spans() -> Vec<Route> {
    use ::otlp::grpc::{EXPORT, EXPORT_LOGS, EXPORT_METRICS, HEALTH};
    use otlp::{grpc, http};
    let put = Operation("PutTraceSegments");
    let no_metrics = "says that metrics and logs are not taken";
    vec![
        Route::post(otlp::TRACES, put, http::traces).max_body(MAX_BODY_BYTES).doc("takes spans by OTLP"),
        Route::post("/v1/metrics", Nothing, http::other_signal).doc(no_metrics),
        Route::post("/v1/logs", Nothing, http::other_signal).doc(no_metrics),
        Route::post(EXPORT, put, grpc::export).max_body(MAX_BODY_BYTES).doc("takes spans by OTLP over gRPC"),
        Route::post(EXPORT_METRICS, Nothing, grpc::other_signal).doc(no_metrics),
        Route::post(EXPORT_LOGS, Nothing, grpc::other_signal).doc(no_metrics),
        Route::post(HEALTH, Nothing, grpc::health).doc("whether the process lives, as gRPC asks it"),
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
            .scans()
            .doc("what is known of the traces that a filter matches"),
        Route::operation("GetTraceGraph", "/TraceGraph", service_graph::get_trace_graph)
            .doc("the map of traces by id"),
        Route::operation("GetServiceGraph", "/ServiceGraph", service_graph::get_service_graph)
            .scans()
            .doc("the map of a window"),
        Route::operation(
            "GetTimeSeriesServiceStatistics",
            "/TimeSeriesServiceStatistics",
            series::get_time_series_service_statistics,
        )
        .scans()
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
            .scans()
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
        alarm, capsule, compare, critical_path, doctor, export, facet, file, filter, firing, graph, group,
        history, insight, key, live, log_link, node, notifier, now, objective, replay, sampling, service,
        span, status, test_trace, trace, traces, tree, url_template, view,
    };
    vec![
        Route::get("/api/session", Nothing, session::show).doc("who is signed in, and what they may"),
        Route::post("/api/session", Nothing, session::begin).doc("signs in"),
        Route::delete("/api/session", Nothing, session::end).doc("signs out"),
        Route::get("/api/status", ReadConsole, status::status).doc("what was received, refused and kept"),
        Route::get("/api/live", ReadConsole, live::live).doc("a stream of events: something new arrived"),
        Route::get("/api/graph", ReadConsole, graph::graph).scans().doc("the map and requests of a range"),
        Route::get("/api/history", ReadConsole, history::history)
            .scans()
            .doc("requests of a long range, new versions"),
        Route::get("/api/replay", ReadConsole, replay::replay)
            .scans()
            .doc("a range of the map, frame by frame"),
        Route::get("/api/now", ReadConsole, now::now)
            .scans()
            .doc("what is broken, since when, and whose fault it is"),
        Route::get("/api/capsule", ReadConsole, capsule::make)
            .scans()
            .doc("one issue with all that is known of its time, as a file that `fluoro open` shows"),
        Route::get("/api/insights", ReadConsole, insight::insights)
            .doc("what went wrong in a range, from when to when"),
        Route::get("/api/insights/{id}", ReadConsole, insight::insight)
            .doc("one insight, its steps, and the last time that it happened"),
        Route::post("/api/insights/{id}/note", WriteConsole, insight::write_note)
            .doc("notes something about an insight, or that somebody knows of it"),
        Route::get("/api/node", ReadConsole, node::node).scans().doc("one node of the map"),
        Route::get("/api/service", ReadConsole, service::service)
            .scans()
            .doc("what one node did, by operation and version"),
        Route::get("/api/exceptions", ReadConsole, service::exceptions)
            .scans()
            .doc("what was raised anywhere"),
        Route::get("/api/traces", ReadConsole, traces::traces)
            .scans()
            .doc("a page of traces, and all of them in groups"),
        Route::get("/api/traces/export", ReadConsole, export::export)
            .scans()
            .doc("every trace that a filter matches, as it is read"),
        Route::get("/api/facets", ReadConsole, facet::facets)
            .scans()
            .doc("what traces can be narrowed by, with counts"),
        Route::get("/api/breakdown", ReadConsole, facet::breakdown)
            .scans()
            .doc("what the values of one property did over time"),
        Route::get("/api/traces/{id}", ReadConsole, trace::trace).doc("one trace"),
        Route::get("/api/traces/{id}/graph", ReadConsole, trace::view::graph).doc("the map of one trace"),
        Route::get("/api/traces/{id}/raw", ReadConsole, trace::view::raw)
            .doc("what BatchGetTraces answers of one trace"),
        Route::get("/api/traces/{id}/otlp", ReadConsole, trace::view::otlp)
            .doc("one trace in OTLP/JSON, spans as they were sent"),
        Route::get("/api/traces/{id}/documents", ReadConsole, trace::view::documents)
            .doc("the documents of one trace as they came"),
        Route::get("/api/traces/{id}/spans/{span}", ReadConsole, span::span).doc("one span of a trace"),
        Route::get("/api/traces/{id}/spans/{span}/percentile", ReadConsole, trace::percentile::percentile)
            .scans()
            .doc("how slow a span is among its like"),
        Route::post("/api/view", ReadConsole, file::view)
            .max_body(file::MAX_BODY_BYTES)
            .doc("one trace of a file, looked at and not kept"),
        Route::post("/api/compare", ReadConsole, compare::compare)
            .scans()
            .doc("what differs between two sets of traces"),
        Route::post("/api/tree", ReadConsole, tree::tree)
            .scans()
            .doc("the call trees of one set of traces, or of two, as one"),
        Route::post("/api/critical-path", ReadConsole, critical_path::critical_path)
            .scans()
            .doc("where the time of clients went in many traces, and what if a call were faster"),
        Route::post("/api/filter/parse", ReadConsole, filter::parse).doc("reads a filter expression"),
        Route::post("/api/filter/complete", ReadConsole, filter::complete)
            .doc("what could follow in a filter expression"),
        Route::get("/api/doctor", ReadConsole, doctor::diagnose).scans().doc("what became of a trace"),
        Route::get("/api/sampling", ReadConsole, sampling::rules)
            .doc("the sampling rules, with what SDKs reported"),
        Route::post("/api/sampling/try", ReadConsole, sampling::decide)
            .doc("which sampling rule a request falls under"),
        Route::get("/api/url-templates", ReadConsole, url_template::show)
            .doc("the rules for URLs: as what those of a service are shown"),
        Route::put("/api/url-templates", WriteConsole, url_template::replace)
            .doc("replaces the rules for URLs"),
        Route::post("/api/url-templates/try", ReadConsole, url_template::decide)
            .doc("which rule takes a URL, and as what it is shown"),
        Route::get("/api/log-links", ReadConsole, log_link::show)
            .doc("the rules that lead from spans to their log lines"),
        Route::put("/api/log-links", WriteConsole, log_link::replace).doc("replaces them"),
        Route::get("/api/views", ReadConsole, view::list).doc("the views that people saved"),
        Route::post("/api/views", WriteConsole, view::save).doc("saves a view under a name"),
        Route::delete("/api/views/{name}", WriteConsole, view::delete).doc("deletes a view"),
        Route::get("/api/groups", ReadConsole, group::groups).doc("the groups"),
        Route::get("/api/alarms", ReadConsole, alarm::list).doc("the alarms, and how they stand"),
        Route::post("/api/alarms/dry-run", ReadConsole, alarm::dry_run)
            .scans()
            .doc("when an alarm would have fired in what is stored"),
        Route::get("/api/alarms/{name}", ReadConsole, alarm::show).doc("one alarm"),
        Route::put("/api/alarms/{name}", WriteConsole, alarm::put).doc("makes or replaces an alarm"),
        Route::delete("/api/alarms/{name}", WriteConsole, alarm::delete).doc("removes an alarm"),
        Route::post("/api/alarms/{name}/acknowledge", WriteConsole, alarm::acknowledge)
            .doc("says who looks after an alarm that fires"),
        Route::get("/api/mutes", ReadConsole, alarm::mutes)
            .doc("the rules that keep actions of alarms back, and whether they do now"),
        Route::get("/api/firing", ReadConsole, firing::firing).doc("what goes on now and was told"),
        Route::get("/api/objectives", ReadConsole, objective::list)
            .doc("what is promised of services, and what is left of what may fail"),
        Route::post("/api/objectives", WriteConsole, objective::put)
            .doc("makes the alarms of an objective, or replaces them"),
        Route::delete("/api/objectives/{name}", WriteConsole, objective::delete)
            .doc("removes the alarms of an objective"),
        Route::post("/api/cloudwatch/{operation}", Named, front::console)
            .doc("CloudWatch's operation of that name, for the console"),
        Route::post("/api/test-trace", WriteConsole, test_trace::send)
            .doc("sends a trace, to see that it arrives"),
        Route::get("/api/notifiers", ReadConsole, notifier::list)
            .doc("whom to tell, without their secrets, and how each does"),
        Route::post("/api/notifiers", PutNotifier, notifier::create)
            .max_body(notifier::MAX_BODY)
            .doc("makes a notifier"),
        Route::put("/api/notifiers/{name}", PutNotifier, notifier::replace)
            .max_body(notifier::MAX_BODY)
            .doc("replaces a notifier; secrets that are left out stay"),
        Route::delete("/api/notifiers/{name}", PutNotifier, notifier::remove).doc("deletes a notifier"),
        Route::post("/api/notifiers/{name}/test", PutNotifier, notifier::test)
            .doc("sends a test, and gives what the other side said"),
        Route::get("/api/deliveries", ReadConsole, notifier::deliveries)
            .doc("messages to notifiers, the newest first, and what became of them"),
        Route::post("/api/deliveries/{id}/retry", PutNotifier, notifier::retry)
            .doc("sends a message again that did not arrive"),
        Route::get("/api/keys", ManageKeys, key::list).doc("the keys, without their secrets"),
        Route::post("/api/keys", ManageKeys, key::create).doc("makes a key"),
        Route::post("/api/keys/check", ManageKeys, key::check).doc("whether a text is a policy"),
        Route::delete("/api/keys/{id}", ManageKeys, key::revoke).doc("revokes a key"),
    ]
}
