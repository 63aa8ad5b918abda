//! The 38 operations of X-Ray's API by path, as botocore's model `xray/2016-04-12` names them.

/// Path and name.
pub(crate) const OPERATIONS: [(&str, &str); 38] = [
    ("/TraceSegments", "PutTraceSegments"),
    ("/TelemetryRecords", "PutTelemetryRecords"),
    ("/Traces", "BatchGetTraces"),
    ("/TraceSummaries", "GetTraceSummaries"),
    ("/TraceGraph", "GetTraceGraph"),
    ("/ServiceGraph", "GetServiceGraph"),
    ("/TimeSeriesServiceStatistics", "GetTimeSeriesServiceStatistics"),
    ("/CreateSamplingRule", "CreateSamplingRule"),
    ("/UpdateSamplingRule", "UpdateSamplingRule"),
    ("/DeleteSamplingRule", "DeleteSamplingRule"),
    ("/GetSamplingRules", "GetSamplingRules"),
    ("/SamplingTargets", "GetSamplingTargets"),
    ("/SamplingStatisticSummaries", "GetSamplingStatisticSummaries"),
    ("/CreateGroup", "CreateGroup"),
    ("/UpdateGroup", "UpdateGroup"),
    ("/DeleteGroup", "DeleteGroup"),
    ("/GetGroup", "GetGroup"),
    ("/Groups", "GetGroups"),
    ("/TagResource", "TagResource"),
    ("/UntagResource", "UntagResource"),
    ("/ListTagsForResource", "ListTagsForResource"),
    ("/EncryptionConfig", "GetEncryptionConfig"),
    ("/PutEncryptionConfig", "PutEncryptionConfig"),
    ("/PutResourcePolicy", "PutResourcePolicy"),
    ("/DeleteResourcePolicy", "DeleteResourcePolicy"),
    ("/ListResourcePolicies", "ListResourcePolicies"),
    ("/InsightSummaries", "GetInsightSummaries"),
    ("/Insight", "GetInsight"),
    ("/InsightEvents", "GetInsightEvents"),
    ("/InsightImpactGraph", "GetInsightImpactGraph"),
    ("/GetTraceSegmentDestination", "GetTraceSegmentDestination"),
    ("/UpdateTraceSegmentDestination", "UpdateTraceSegmentDestination"),
    ("/GetIndexingRules", "GetIndexingRules"),
    ("/UpdateIndexingRule", "UpdateIndexingRule"),
    ("/StartTraceRetrieval", "StartTraceRetrieval"),
    ("/ListRetrievedTraces", "ListRetrievedTraces"),
    ("/GetRetrievedTracesGraph", "GetRetrievedTracesGraph"),
    ("/CancelTraceRetrieval", "CancelTraceRetrieval"),
];

pub(crate) fn name_of(path: &str) -> Option<&'static str> {
    OPERATIONS.into_iter().find(|(known, _)| *known == path).map(|(_, name)| name)
}
