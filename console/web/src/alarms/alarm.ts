// The form of a new alarm, and what PutMetricAlarm takes of it.
import type { Input } from '../api/operation';
import { spokenName } from '../map/display-name';

export interface Metric {
  name: string;
  label: string;
  statistic: { Statistic: string } | { ExtendedStatistic: string };
  /** What one in the form is in CloudWatch's unit. */
  scale: number;
  unit: string;
  usual: number;
}

export const METRICS: Metric[] = [
  { name: 'FaultRate', label: 'Fault rate', statistic: { Statistic: 'Average' }, scale: 0.01, unit: '%', usual: 5 },
  { name: 'ErrorRate', label: 'Error rate', statistic: { Statistic: 'Average' }, scale: 0.01, unit: '%', usual: 20 },
  { name: 'ThrottleRate', label: 'Throttle rate', statistic: { Statistic: 'Average' }, scale: 0.01, unit: '%', usual: 5 },
  { name: 'ResponseTime', label: 'Response time, p99', statistic: { ExtendedStatistic: 'p99' }, scale: 0.001, unit: 'ms', usual: 1000 },
  { name: 'TracedRequestCount', label: 'Requests a minute', statistic: { Statistic: 'Sum' }, scale: 1, unit: '', usual: 1 },
];

export const MISSING: { value: string; label: string }[] = [
  { value: 'missing', label: 'Without any data it is not known (INSUFFICIENT_DATA)' },
  { value: 'notBreaching', label: 'A minute without data is a good one' },
  { value: 'breaching', label: 'A minute without data is a bad one' },
  { value: 'ignore', label: 'A minute without data changes nothing' },
];

export interface AlarmForm {
  name: string;
  service: string;
  type: string;
  metric: Metric;
  isBelow: boolean;
  threshold: string;
  bad: string;
  periods: string;
  missing: string;
  notifiers: string[];
}

export const NEW_ALARM: AlarmForm = { name: '', service: '', type: '', metric: METRICS[0]!, isBelow: false, threshold: String(METRICS[0]!.usual), bad: '2', periods: '3', missing: 'notBreaching', notifiers: [] };

/** `topic` makes the ARN by which an action names a notifier. */
export function alarmInput(form: AlarmForm, group: string, topic: (notifier: string) => string): Input {
  const actions = form.notifiers.map(topic);
  return {
    AlarmName: form.name.trim() || suggestedName(form),
    Namespace: 'AWS/X-Ray',
    MetricName: form.metric.name,
    Dimensions: [
      { Name: 'GroupName', Value: group },
      { Name: 'ServiceName', Value: form.service },
      // Of a service that tells no type, the name alone says which.
      ...(form.type === '' ? [] : [{ Name: 'ServiceType', Value: form.type }]),
    ],
    ...form.metric.statistic,
    Period: 60,
    EvaluationPeriods: Number(form.periods),
    DatapointsToAlarm: Number(form.bad),
    Threshold: Number((Number(form.threshold) * form.metric.scale).toPrecision(6)),
    ComparisonOperator: form.isBelow ? 'LessThanThreshold' : 'GreaterThanThreshold',
    TreatMissingData: form.missing,
    AlarmActions: actions,
    OKActions: actions,
  };
}

export function suggestedName({ service, metric }: AlarmForm): string {
  return service === '' ? '' : `${metric.label} of ${spokenName(service)}`;
}
