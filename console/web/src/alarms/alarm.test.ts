// The form of an alarm, and what is sent of it.
import { expect, test } from 'vitest';
import { alarmInput, METRICS, NEW_ALARM } from './alarm';

test('a form becomes what PutMetricAlarm takes, in its units', () => {
  const form = { ...NEW_ALARM, service: 'payments', type: 'AWS::EC2::Instance', notifiers: ['on-call'] };
  const input = alarmInput(form, 'Default', (name) => `arn:aws:sns:local:000000000000:${name}`);
  expect(input).toMatchObject({
    AlarmName: 'Fault rate of payments', MetricName: 'FaultRate', Statistic: 'Average', Threshold: 0.05, EvaluationPeriods: 3, DatapointsToAlarm: 2,
    AlarmActions: ['arn:aws:sns:local:000000000000:on-call'], TreatMissingData: 'notBreaching',
  });
  expect(input.Dimensions).toHaveLength(3);
  expect(alarmInput({ ...form, type: '' }, 'Default', String).Dimensions).toHaveLength(2);
  expect(alarmInput({ ...form, metric: METRICS[3]!, threshold: '1500' }, 'Default', String)).toMatchObject({ ExtendedStatistic: 'p99', Threshold: 1.5 });
});
