// Sampling: new priorities change as little as possible, rates are X-Ray's, and files of rules are read in all their forms.
import { expect, test } from 'vitest';
import { complaintOf, awsCli, boto3 } from '../api/operation';
import { readRules } from './import';
import { freeName, isSkippedBySdks, keptOf, matchersOf, MEMBERS, NEW_RULE, repriced, updateInput } from './rule';

const ranked = (text: string) => text.split(' ').map((pair) => ({ name: pair.split(':')[0]!, priority: Number(pair.split(':')[1]) }));

test.each([
  ['b:20 a:10 c:30', 'b', 'b:5'],
  ['a:10 c:30 b:20', 'b', 'b:40'],
  ['a:10 c:30 b:20', 'c', 'c:15'],
  ['c:3 a:1 b:2', 'c', 'c:1 a:2 b:3'],
  ['a:1 c:3 b:2', 'c', 'c:2 b:3'],
  ['a:1 b:9999 c:9998', 'c', 'a:10 b:20 c:30'],
  ['b:7 a:7', 'b', 'b:4'],
])('in the order %s after moving %s the priorities %s change', (order, moved, expected) => {
  const changes = repriced(ranked(order), moved);
  expect(changes.map((rule) => `${rule.name}:${rule.priority}`).join(' ')).toBe(expected);
});

test.each([[320, 10, 0.05, 25.5], [5, 10, 0.05, 5], [100, 0, 0, 0]])('of %i/s, reservoir %i and rate %f keep %f/s', (requests, reservoir, rate, kept) =>
  expect(keptOf({ ...NEW_RULE, reservoirSize: reservoir, fixedRate: rate }, requests)).toBeCloseTo(kept));

test('only what narrows a rule is shown of it', () => {
  const rule = { ...NEW_RULE, httpMethod: 'GET', urlPath: '/cart/*', attributes: { tenant: 'acme' } };
  expect(matchersOf(rule)).toEqual([{ label: '', pattern: 'GET' }, { label: 'path', pattern: '/cart/*' }, { label: 'tenant', pattern: 'acme' }]);
  expect([isSkippedBySdks(rule), isSkippedBySdks(NEW_RULE)]).toEqual([true, false]);
});

test('of the Default rule only its size is sent', () =>
  expect(updateInput({ ...NEW_RULE, name: 'Default' })).toEqual({ SamplingRuleUpdate: { RuleName: 'Default', FixedRate: 0.05, ReservoirSize: 1 } }));

test('the file of local rules of the story becomes rules', () => {
  const file = {
    version: 1,
    rules: [{ description: 'Healthy check', service_name: '*', http_method: 'GET', url_path: '/healthcheck', fixed_target: 0, rate: 0 }],
    default: { fixed_target: 1, rate: 1 },
  };
  const rules = readRules(JSON.stringify(file));
  expect(rules).toMatchObject([{ name: 'Healthy check', priority: 10, fixedRate: 0, reservoirSize: 0, urlPath: '/healthcheck' }, { name: 'Default', fixedRate: 1 }]);
});

test('an export of X-Ray comes back', () => {
  const rule = { RuleName: 'a', Priority: 5, FixedRate: 0.5, ReservoirSize: 2, Host: 'h', SamplingRateBoost: { MaxRate: 1, CooldownWindowMinutes: 5 } };
  const expected = [{ name: 'a', priority: 5, host: 'h', boost: { maxRate: 1, cooldownMinutes: 5 } }];
  for (const text of [{ SamplingRuleRecords: [{ SamplingRule: rule }] }, [rule], { SamplingRule: rule }]) {
    expect(readRules(JSON.stringify(text))).toMatchObject(expected);
  }
});

test.each(['{', '7', 'null', '{"a":1}', '[{"Priority":1}]'])('%s holds no rules, and says why', (text) => expect(typeof readRules(text)).toBe('string'));

test('a complaint stands beside its field, in X-Ray’s words', () => {
  const two = "2 validation errors detected: Value '0' at 'samplingRule.priority' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '' at 'samplingRule.hTTPMethod' failed to satisfy constraint: Member must not be null";
  expect(complaintOf(new Error(two), MEMBERS).byMember).toEqual({
    priority: "Value '0' at 'samplingRule.priority' failed to satisfy constraint: Member must have value greater than or equal to 1",
    httpmethod: "Value '' at 'samplingRule.hTTPMethod' failed to satisfy constraint: Member must not be null",
  });
  expect(complaintOf(new Error('FixedRate must be between 0 and 1'), MEMBERS).byMember).toEqual({ fixedrate: 'FixedRate must be between 0 and 1' });
  expect(complaintOf(new Error('Sampling rule already exists'), MEMBERS).rest).toBe('Sampling rule already exists');
});

test('a copy has a name that is free', () => expect(freeName('a', ['a', 'a-2'])).toBe('a-3'));

test('a call is a command of other clients too', () => {
  const input = { GroupName: "it's", InsightsConfiguration: { InsightsEnabled: true } };
  expect(awsCli('CreateGroup', input, 'xray', 'http://h')).toBe(
    `aws xray create-group --endpoint-url http://h \\\n  --cli-input-json '{"GroupName":"it'\\''s","InsightsConfiguration":{"InsightsEnabled":true}}'`,
  );
  expect(boto3('CreateGroup', input, 'http://h')).toContain('xray.create_group(\n    GroupName="it\'s",\n    InsightsConfiguration={"InsightsEnabled": True},\n)');
  expect(awsCli('GetServiceGraph', {}, 'xray', 'http://h')).toBe('aws xray get-service-graph --endpoint-url http://h');
});
