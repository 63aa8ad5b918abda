//! X-Ray's API: REST-JSON, every operation a POST, every member in PascalCase, absent members as nulls.
//!
//! What is answered is written in `docs/api.md`, operation by operation. Who may ask was decided before, by
//! [`crate::auth`].

mod documents;
mod encryption;
mod group;
mod input;
mod insight;
pub(crate) mod operation;
mod policy;
pub(crate) mod retrieval;
mod rule;
pub(crate) mod sampling;
mod segments;
mod series;
mod service;
pub(crate) mod service_graph;
mod summaries;
mod summary;
mod tag;
mod telemetry;
mod time;
mod token;
pub(crate) mod traces;
mod transaction_search;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};

use crate::app::Shared;

pub(crate) fn routes() -> Router<Shared> {
    operation::OPERATIONS
        .into_iter()
        .fold(Router::new(), |router, (path, name)| router.route(path, handler(name)))
}

/// The same operations for the console, whose cookie counts below `/api/` alone: `POST /api/xray/GetGroups`.
pub(crate) fn routes_by_name() -> Router<Shared> {
    operation::OPERATIONS
        .into_iter()
        .fold(Router::new(), |router, (_, name)| router.route(&format!("/xray/{name}"), handler(name)))
}

fn handler(name: &'static str) -> MethodRouter<Shared> {
    match name {
        "PutTraceSegments" => post(segments::put_trace_segments),
        "PutTelemetryRecords" => post(telemetry::put_telemetry_records),
        "BatchGetTraces" => post(traces::batch_get_traces),
        "GetTraceSummaries" => post(summaries::get_trace_summaries),
        "GetTraceGraph" => post(service_graph::get_trace_graph),
        "GetServiceGraph" => post(service_graph::get_service_graph),
        "GetTimeSeriesServiceStatistics" => post(series::get_time_series_service_statistics),
        "CreateSamplingRule" => post(rule::create_sampling_rule),
        "UpdateSamplingRule" => post(rule::update_sampling_rule),
        "DeleteSamplingRule" => post(rule::delete_sampling_rule),
        "GetSamplingRules" => post(rule::get_sampling_rules),
        "GetSamplingTargets" => post(sampling::get_sampling_targets),
        "GetSamplingStatisticSummaries" => post(sampling::get_sampling_statistic_summaries),
        "CreateGroup" => post(group::create_group),
        "UpdateGroup" => post(group::update_group),
        "DeleteGroup" => post(group::delete_group),
        "GetGroup" => post(group::get_group),
        "GetGroups" => post(group::get_groups),
        "TagResource" => post(tag::tag_resource),
        "UntagResource" => post(tag::untag_resource),
        "ListTagsForResource" => post(tag::list_tags_for_resource),
        "PutResourcePolicy" => post(policy::put_resource_policy),
        "DeleteResourcePolicy" => post(policy::delete_resource_policy),
        "ListResourcePolicies" => post(policy::list_resource_policies),
        "GetEncryptionConfig" => post(encryption::get_encryption_config),
        "PutEncryptionConfig" => post(encryption::put_encryption_config),
        "GetTraceSegmentDestination" => post(transaction_search::get_trace_segment_destination),
        "UpdateTraceSegmentDestination" => post(transaction_search::update_trace_segment_destination),
        "GetIndexingRules" => post(transaction_search::get_indexing_rules),
        "UpdateIndexingRule" => post(transaction_search::update_indexing_rule),
        "StartTraceRetrieval" => post(retrieval::start_trace_retrieval),
        "ListRetrievedTraces" => post(retrieval::list_retrieved_traces),
        "GetRetrievedTracesGraph" => post(retrieval::get_retrieved_traces_graph),
        "CancelTraceRetrieval" => post(retrieval::cancel_trace_retrieval),
        "GetInsightSummaries" => post(insight::get_insight_summaries),
        "GetInsight" => post(insight::get_insight),
        "GetInsightEvents" => post(insight::get_insight_events),
        "GetInsightImpactGraph" => post(insight::get_insight_impact_graph),
        _ => unreachable!("every operation of the table is above"),
    }
}

/// X-Ray's answer to a POST on a path that is no operation: 200, with the error in the body.
pub(crate) fn unknown_operation() -> Response {
    let body =
        r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#;
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}
