// The waterfall's rows: folding, ancestors, faults, colours and ticks.
import { expect, test } from 'vitest';
import type { Span } from '../api/generated/Span';
import { ancestorsOf, extentOf, faultsOf, rowsOf, servicesOf, ticksOf, treeOf } from './rows';

function spans(...list: [id: string, parent: number | null, depth: number, rest?: Partial<Span>][]): Span[] {
  return list.map(([id, parent, depth, rest]) => ({
    id, parent: parent ?? undefined, depth, kind: 'subsegment', service: id[0]!, name: id, start: 0, duration: 1, outcome: 'ok', exceptions: 0, annotations: 0, ...rest,
  }));
}

const TREE = spans(['a', null, 0], ['b', 0, 1], ['b2', 1, 2], ['c', 0, 1], ['d', null, 0]);

function check(folded: string[], expected: string[]) {
  const rows = rowsOf(TREE, treeOf(TREE), new Set(folded));
  expect(rows.map((row) => TREE[row.index]!.id)).toEqual(expected);
}

test('everything is open at first', () => check([], ['a', 'b', 'b2', 'c', 'd']));
test('folding hides all below and nothing else', () => check(['b'], ['a', 'b', 'c', 'd']));
test('folding the root leaves other roots', () => check(['a', 'b'], ['a', 'd']));
test('folding a leaf does nothing', () => check(['d'], ['a', 'b', 'b2', 'c', 'd']));
test('ancestors lead up to the root', () => expect(ancestorsOf(TREE, 2)).toEqual(['b', 'a']));
test('a parent that points at itself ends', () => expect(ancestorsOf(spans(['a', 0, 0]), 0).length).toBeLessThan(3));

test('faults with exceptions are preferred, as they tell more', () => {
  const bad = spans(['a', null, 0, { outcome: 'fault' }], ['b', 0, 1, { outcome: 'fault', exceptions: 1 }], ['c', 0, 1]);
  expect(faultsOf(bad)).toEqual([1]);
  expect(faultsOf(bad.map((span) => ({ ...span, exceptions: 0 })))).toEqual([0, 1]);
});

test('what is in progress does not shorten the picture', () => {
  const open = spans(['a', null, 0, { start: 0, duration: undefined }], ['b', 0, 1, { start: 5, duration: 20 }]);
  expect(extentOf(open, null)).toBe(25);
  expect(extentOf(open, 40)).toBe(40);
  expect(extentOf([], undefined)).toBeGreaterThan(0);
});

test('colours follow first appearance', () => expect([...servicesOf(TREE)]).toEqual([['a', 0], ['b', 1], ['c', 2], ['d', 3]]));

test.each([
  [0, 1830, 5, [0, 500, 1000, 1500]],
  [0, 5.2, 3, [0, 2, 4]],
  [100, 200, 2, [100, 150, 200]],
])('ticks from %s to %s are round', (from, to, most, ticks) => expect(ticksOf(from, to, most).map((tick) => Number(tick.toFixed(6)))).toEqual(ticks));

test('ten thousand spans make ten thousand rows', () => {
  const many = spans(...Array.from({ length: 10_000 }, (_, index): [string, number | null, number] => [`s${index}`, index === 0 ? null : 0, index === 0 ? 0 : 1]));
  expect(rowsOf(many, treeOf(many), new Set()).length).toBe(10_000);
});
