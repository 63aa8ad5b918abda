// A call and its twin are one: in rows, in what is found, in tables, and in the words of a row.
import { expect, test } from 'vitest';
import type { Span } from '../api/generated/Span';
import { aggregatesOf } from './aggregate';
import { holdupsOf, withTwin } from './critical';
import { matchesOf } from './find';
import { flameOf } from './flame';
import { merged } from './merge';
import { revealed, rowsOf } from './rows';
import { similarTo } from './similar';
import { spansOf } from './span-fixture';
import { selfTimesOf, treeOf } from './tree';
import { toldOf, twinsOf, withoutTwins } from './twin';

const QUERY = { kind: 'subsegment', service: 'shop', name: 'orders@db', isQuery: true, statement: 'SELECT total FROM orders WHERE id = 1' } as const;
const SPANS = spansOf(
  ['shop', null, { kind: 'segment', duration: 10 }],
  ['sql', 0, { ...QUERY, duration: 4 }],
  ['sql~', 1, { kind: 'inferred', service: 'orders-db', name: 'orders@db', duration: 4 }],
  ['put', 0, { service: 'shop', name: 'DynamoDB', operation: 'PutItem', start: 5, duration: 3, outcome: 'fault' }],
  ['put~', 3, { kind: 'inferred', service: 'carts', type: 'AWS::DynamoDB::Table', name: 'DynamoDB', operation: 'PutItem', start: 5, duration: 3, outcome: 'fault' }],
  ['lone', null, { kind: 'inferred', service: 'host' }],
);
const TREE = treeOf(SPANS);
const input = { spans: SPANS, tree: TREE, folded: new Set<string>(), unrolled: new Set<string>() };
const ids = (indices: readonly number[]) => indices.map((index) => SPANS[index]!.id);

test('a call and its twin are one row; an inferred segment without a call is a row', () => {
  expect(ids(rowsOf(input).map(({ index }) => index))).toEqual(['shop', 'sql', 'put', 'lone']);
  expect(rowsOf(input).every((row) => row.kind === 'repeat' || row.index === 0 || !row.hasChildren)).toBe(true);
  expect([...twinsOf(SPANS)]).toEqual([[1, 2], [3, 4]]);
  expect(withoutTwins(SPANS)).toHaveLength(4);
});

test('what only the twin knows finds its call, and nothing is counted twice', () => {
  expect(ids(matchesOf(SPANS, 'carts'))).toEqual(['put']);
  expect(ids(matchesOf(SPANS, 'putitem'))).toEqual(['put']);
  expect(ids(matchesOf(SPANS, 'from orders'))).toEqual(['sql']);
  expect(ids(matchesOf(SPANS, 'sql~'))).toEqual(['sql']);
});

test('a call unfolds its ancestors as any span does', () => expect(revealed({ ...input, folded: new Set(['shop']) }, 3)?.folded.size).toBe(0));

test('the time of the callee is that of the call', () => {
  expect(selfTimesOf(SPANS, TREE).slice(0, 4)).toEqual([3, 4, 4, 3]);
  expect(aggregatesOf(SPANS, TREE).map(({ name, count }) => [name, count])).toEqual([['shop', 1], ['orders@db', 1], ['DynamoDB', 1], ['lone', 1]]);
  expect(merged(SPANS, SPANS).map(({ name, depth }) => [name, depth])).toEqual([['shop', 0], ['orders@db', 1], ['DynamoDB', 1], ['lone', 0]]);
  const below = spansOf(['shop', null, { kind: 'segment' }], ['sql', 0, QUERY], ['sql~', 1, { kind: 'inferred' }], ['call', 0], ['callee', 3, { kind: 'segment' }]);
  expect(merged(below, below).map(({ name, depth }) => [name, depth])).toEqual([['shop', 0], ['orders@db', 1], ['call', 1], ['callee', 2]]);
  const { lane, left } = flameOf(SPANS, 10);
  expect([[...lane], left]).toEqual([[0, 1, -1, 1, -1, 2], 0]);
});

function check(span: Partial<Span>, twin: Partial<Span> | undefined, expected: string[]) {
  const [call, other] = spansOf(['call', null, { ...SPANS[1], statement: undefined, ...span }], ['twin', 0, { kind: 'inferred', ...twin }]);
  const { what, who } = toldOf(call!, twin && other);
  expect([what, who]).toEqual(expected);
}

test('a row says what its call did, and of whom', () => {
  check(QUERY, { service: 'orders-db' }, ['SELECT total FROM orders WHERE id = 1', 'orders@db']);
  check({ operation: 'PutItem', name: 'DynamoDB' }, { service: 'carts' }, ['PutItem carts', 'DynamoDB']);
  check({ operation: 'GetItem', name: 'carts' }, { service: 'carts' }, ['GetItem carts', '']);
  check({ operation: 'Send', name: 'SQS' }, { service: 'https://sqs.eu-west-1.amazonaws.com/1/jobs' }, ['Send jobs', 'SQS']);
  check({ operation: 'Invoke', name: 'Lambda' }, undefined, ['Invoke Lambda', '']);
  check({ method: 'GET', url: 'http://catalog/items', name: 'catalog' }, undefined, ['GET /items', 'catalog']);
  check({ name: 'work' }, undefined, ['', 'work']);
  check({ kind: 'segment', name: 'catalog', method: 'GET', url: 'http://catalog/items' }, undefined, ['GET /items', 'catalog']);
});

test('queries that differ in their values alone are alike, and others are not', () => {
  const calls = (statement: (at: number) => string) =>
    spansOf(['root', null], ...Array.from({ length: 9 }, (_, at): [string, number, Partial<Span>] => [`q${at}`, 0, { ...QUERY, statement: statement(at) }]));
  const rows = (spans: Span[]) => rowsOf({ ...input, spans, tree: treeOf(spans) }).length;
  expect(rows(calls((at) => `SELECT * FROM a WHERE id = ${at} AND name = 'x${at}'`))).toBe(2);
  expect(rows(calls((at) => `SELECT * FROM ${at % 2 === 0 ? 'a' : 'b'}`))).toBe(10);
});

test('the critical path leads through a call and its twin in one line', () => {
  expect(withTwin([[0, 1], [3, 4]], [[1, 3]])).toEqual([[0, 4]]);
  expect(withTwin([[0, 1]], undefined)).toEqual([[0, 1]]);
  const path = { length: 2, steps: [], shares: [{ service: 'https://sqs.eu-west-1.amazonaws.com/1/jobs', time: 2 }] };
  expect(holdupsOf(path).map(({ text }) => text)).toEqual(['jobs 100 %']);
});

test('what is similar to a call is what happened to its callee', () => {
  const trace = { summary: { exception: null, method: null } } as unknown as Parameters<typeof similarTo>[0];
  expect(similarTo(trace, SPANS[3]!, SPANS[4])).toBe('service(id(name: "carts", type: "AWS::DynamoDB::Table")) { fault }');
});
