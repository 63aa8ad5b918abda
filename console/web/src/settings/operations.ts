// X-Ray's 38 operations: what one sends to each, ready to be changed.
import type { Input } from '../api/operation';

export interface Operation {
  name: string;
  path: string;
  part: string;
  /** With the time now, in seconds. */
  template: (now: number) => Input;
}

const HALF_HOUR = 1800;
const GROUP = 'Default';
const RULE = 'checkout';
const TRACE = '1-58406520-a006649127e371903a2de979';
const INSIGHT = '01234567-89ab-4cde-8f01-23456789abcd';
const TOKEN = '01234567-89ab-4cde-8f01-23456789abcd';
const ARN = 'arn:aws:xray:us-east-1:000000000000:group/Default';

const nothing = () => ({});
const span = (now: number) => ({ StartTime: now - HALF_HOUR, EndTime: now });

/** The part of an SDK: a document is JSON inside a string. */
function segment(now: number): string {
  const id = now.toString(16).padStart(8, '0');
  return JSON.stringify({ name: 'hello', id: `${id}00000001`, trace_id: `1-${id}-000000000000000000000001`, start_time: now - 0.12, end_time: now });
}

const POLICY = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'xray:PutTraceSegments', Resource: '*' }] };

const PARTS: Record<string, [name: string, path: string, template: (now: number) => Input][]> = {
  'Traces and map': [
    ['GetTraceSummaries', '/TraceSummaries', (now) => ({ ...span(now), TimeRangeType: 'Event', Sampling: false, FilterExpression: 'fault' })],
    ['BatchGetTraces', '/Traces', () => ({ TraceIds: [TRACE] })],
    ['GetTraceGraph', '/TraceGraph', () => ({ TraceIds: [TRACE] })],
    ['GetServiceGraph', '/ServiceGraph', (now) => ({ ...span(now), GroupName: GROUP })],
    ['GetTimeSeriesServiceStatistics', '/TimeSeriesServiceStatistics', (now) => ({ ...span(now), Period: 60 })],
  ],
  Sending: [
    ['PutTraceSegments', '/TraceSegments', (now) => ({ TraceSegmentDocuments: [segment(now)] })],
    ['PutTelemetryRecords', '/TelemetryRecords', (now) => ({ Hostname: 'my-host', TelemetryRecords: [{ Timestamp: now, SegmentsReceivedCount: 1, SegmentsSentCount: 1 }] })],
  ],
  Sampling: [
    ['GetSamplingRules', '/GetSamplingRules', nothing],
    ['CreateSamplingRule', '/CreateSamplingRule', () => ({
      SamplingRule: {
        RuleName: RULE, Priority: 100, FixedRate: 0.05, ReservoirSize: 1, ServiceName: '*', ServiceType: '*', Host: '*', HTTPMethod: 'POST', URLPath: '/checkout*',
        ResourceARN: '*', Version: 1,
      },
    })],
    ['UpdateSamplingRule', '/UpdateSamplingRule', () => ({ SamplingRuleUpdate: { RuleName: RULE, FixedRate: 0.1 } })],
    ['DeleteSamplingRule', '/DeleteSamplingRule', () => ({ RuleName: RULE })],
    ['GetSamplingTargets', '/SamplingTargets', (now) => ({
      SamplingStatisticsDocuments: [{ RuleName: 'Default', ClientID: '0123456789abcdef01234567', Timestamp: now, RequestCount: 10, SampledCount: 1, BorrowCount: 1 }],
    })],
    ['GetSamplingStatisticSummaries', '/SamplingStatisticSummaries', nothing],
  ],
  Groups: [
    ['GetGroups', '/Groups', nothing],
    ['GetGroup', '/GetGroup', () => ({ GroupName: GROUP })],
    ['CreateGroup', '/CreateGroup', () => ({
      GroupName: 'slow', FilterExpression: 'responsetime > 2', InsightsConfiguration: { InsightsEnabled: true, NotificationsEnabled: false },
    })],
    ['UpdateGroup', '/UpdateGroup', () => ({ GroupName: 'slow', FilterExpression: 'responsetime > 3' })],
    ['DeleteGroup', '/DeleteGroup', () => ({ GroupName: 'slow' })],
  ],
  Tags: [
    ['ListTagsForResource', '/ListTagsForResource', () => ({ ResourceARN: ARN })],
    ['TagResource', '/TagResource', () => ({ ResourceARN: ARN, Tags: [{ Key: 'team', Value: 'payments' }] })],
    ['UntagResource', '/UntagResource', () => ({ ResourceARN: ARN, TagKeys: ['team'] })],
  ],
  Insights: [
    ['GetInsightSummaries', '/InsightSummaries', (now) => ({ ...span(now), GroupName: GROUP, States: ['ACTIVE'] })],
    ['GetInsight', '/Insight', () => ({ InsightId: INSIGHT })],
    ['GetInsightEvents', '/InsightEvents', () => ({ InsightId: INSIGHT, MaxResults: 10 })],
    ['GetInsightImpactGraph', '/InsightImpactGraph', (now) => ({ InsightId: INSIGHT, ...span(now) })],
  ],
  'Encryption and policies': [
    ['GetEncryptionConfig', '/EncryptionConfig', nothing],
    ['PutEncryptionConfig', '/PutEncryptionConfig', () => ({ Type: 'NONE' })],
    ['ListResourcePolicies', '/ListResourcePolicies', nothing],
    ['PutResourcePolicy', '/PutResourcePolicy', () => ({ PolicyName: 'send', PolicyDocument: JSON.stringify(POLICY), BypassPolicyLockoutCheck: true })],
    ['DeleteResourcePolicy', '/DeleteResourcePolicy', () => ({ PolicyName: 'send' })],
  ],
  'Retrieval and transaction search': [
    ['StartTraceRetrieval', '/StartTraceRetrieval', (now) => ({ TraceIds: [TRACE], ...span(now) })],
    ['ListRetrievedTraces', '/ListRetrievedTraces', () => ({ RetrievalToken: TOKEN })],
    ['GetRetrievedTracesGraph', '/GetRetrievedTracesGraph', () => ({ RetrievalToken: TOKEN })],
    ['CancelTraceRetrieval', '/CancelTraceRetrieval', () => ({ RetrievalToken: TOKEN })],
    ['GetTraceSegmentDestination', '/GetTraceSegmentDestination', nothing],
    ['UpdateTraceSegmentDestination', '/UpdateTraceSegmentDestination', () => ({ Destination: 'XRay' })],
    ['GetIndexingRules', '/GetIndexingRules', nothing],
    ['UpdateIndexingRule', '/UpdateIndexingRule', () => ({ Name: 'Default', Rule: { Probabilistic: { DesiredSamplingPercentage: 5 } } })],
  ],
};

export const OPERATIONS: Operation[] = Object.entries(PARTS).flatMap(([part, list]) => list.map(([name, path, template]) => ({ name, path, part, template })));

/** Those that only tell something, so that sending one by mistake harms nothing. */
export function onlyReads(name: string): boolean {
  return /^(Get|List|BatchGet)/.test(name);
}
