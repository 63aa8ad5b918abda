// The find field understands the words of the filter language, plain names, and says what it does not understand.
import { expect, test } from 'vitest';
import { parseFind, PRESETS } from './language';
import type { SceneNode } from '../view/scene';

const NODES: SceneNode[] = [
  node('checkout', 'AWS::EKS::Container', { ok: 90, fault: 10, p99: 1500 }),
  node('catalog-db', 'AWS::DynamoDB::Table', { ok: 100, fault: 0, p99: 12 }, 'aws'),
  node('search', null, { ok: 990, fault: 10, p99: 300 }),
  node('quiet', null, { ok: 0, fault: 0 }),
];

function node(name: string, type: string | null, stats: { ok: number; fault: number; p99?: number }, role: SceneNode['role'] = 'service'): SceneNode {
  return { id: name, name, type, role, isRoot: false, lastSeen: 0, stats: { error: 0, throttle: 0, total: stats.ok + stats.fault, p50: stats.p99, ...stats } };
}

test.each([
  ['fault > 5%', 'checkout'],
  ['fault', 'checkout search'],
  ['fault >= 10', 'checkout search'],
  ['fault = false', 'catalog-db quiet'],
  ['responsetime.p99 > 1', 'checkout'],
  ['responsetime.p99 > 250ms', 'checkout search'],
  ['type = "AWS::DynamoDB::Table"', 'catalog-db'],
  ['type CONTAINS dynamo', 'catalog-db'],
  ['name BEGINSWITH "ch"', 'checkout'],
  ['CAT', 'catalog-db'],
  ['"out"', 'checkout'],
  ['rate = 0', 'quiet'],
  ['inferred', 'catalog-db'],
  ['!inferred AND (fault > 5% OR rate = 0)', 'checkout quiet'],
  ['fault>5%', 'checkout'],
])('%s finds %s', (text, names) => {
  const parsed = parseFind(text);
  if (!parsed || !('test' in parsed)) throw new Error(JSON.stringify(parsed));
  expect(NODES.filter((one) => parsed.test(one, 60_000)).map((one) => one.name).join(' ')).toBe(names);
});

test.each(['fault >', 'color = "red"', 'fault > soon', '(fault', 'fault )', 'responsetime AND fault', 'name > 5'])('%s is refused with a reason', (text) => {
  const parsed = parseFind(text);
  expect(parsed && 'error' in parsed && parsed.error.length > 10).toBe(true);
});

test('nothing is no question, and every preset is understood', () => {
  expect(parseFind('  ')).toBeUndefined();
  for (const [, expression] of PRESETS) expect(parseFind(expression)).toHaveProperty('test');
});
