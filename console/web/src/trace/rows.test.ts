// The waterfall's rows: folding, repeats, errors only, and what has to open so that a span shows.
import { expect, test } from 'vitest';
import { badOf, foldedAtFirst, revealed, rowsOf, summaryOf, type Row } from './rows';
import { spansOf } from './span-fixture';
import { treeOf } from './tree';

const TREE = spansOf(['a', null], ['b', 0], ['b2', 1], ['c', 0], ['d', null]);
const MANY = spansOf(['root', null], ...Array.from({ length: 12 }, (_, index): [string, number, object] => [`put${index}`, 0, { name: 'PutItem', duration: index, outcome: index < 2 ? 'fault' : 'ok' }]), ['other', 0]);

const input = (spans: typeof TREE, folded: string[] = [], unrolled: string[] = [], kept?: boolean[]) => ({
  spans, tree: treeOf(spans), folded: new Set(folded), unrolled: new Set(unrolled), kept,
});
const text = (spans: typeof TREE, rows: Row[]) =>
  rows.map((row) => `${'.'.repeat(row.level - 1)}${spans[row.index]!.id}${row.kind === 'repeat' ? `*${row.members.length}` : ''}`);

function check(folded: string[], expected: string[]) {
  expect(text(TREE, rowsOf(input(TREE, folded)))).toEqual(expected);
}

test('everything is open at first', () => check([], ['a', '.b', '..b2', '.c', 'd']));
test('folding hides all below and nothing else', () => check(['b'], ['a', '.b', '.c', 'd']));
test('folding the root leaves other roots', () => check(['a', 'b'], ['a', 'd']));
test('folding a leaf does nothing', () => check(['d'], ['a', '.b', '..b2', '.c', 'd']));

test('more than eight neighbours of one name are one row until they are unrolled', () => {
  expect(text(MANY, rowsOf(input(MANY)))).toEqual(['root', '.put0*12', '.other']);
  const open = rowsOf(input(MANY, [], ['put0']));
  expect(text(MANY, open).slice(0, 3)).toEqual(['root', '.put0*12', '..put0']);
  expect(open).toHaveLength(15);
});

test('eight are few enough to see', () => {
  const eight = MANY.slice(0, 9);
  expect(rowsOf(input(eight))).toHaveLength(9);
});

test('a repeat says how many, how long, and how many failed', () => {
  const row = rowsOf(input(MANY))[1]!;
  expect(row.kind === 'repeat' && summaryOf(MANY, row.members, 100)).toMatchObject({ count: 12, p50: 5, bad: 2, worst: 'fault' });
});

test('errors only keeps what failed and the way to it', () => {
  const bad = TREE.map((span) => (span.id === 'b2' ? { ...span, outcome: 'fault' as const } : span));
  expect(badOf(bad)).toEqual([true, true, true, false, false]);
  expect(text(bad, rowsOf(input(bad, [], [], badOf(bad))))).toEqual(['a', '.b', '..b2']);
});

test('a selected span is unfolded and unrolled', () => {
  expect(revealed(input(TREE, ['a', 'b']), 2)?.folded).toEqual(new Set());
  expect(revealed(input(TREE, ['b']), 3)).toBeUndefined();
  expect(revealed(input(MANY), 5)?.unrolled).toEqual(new Set(['put0']));
  expect(revealed(input(MANY, [], ['put0']), 5)).toBeUndefined();
});

test('of a large failed trace only the way to the fault is open', () => {
  const wide = spansOf(['root', null], ...Array.from({ length: 60 }, (_, index): [string, number][] => [[`p${index}`, 0], [`c${index}`, 2 * index + 1]]).flat());
  const folded = foldedAtFirst(wide, treeOf(wide), 4);
  expect(folded.has('root')).toBe(false);
  expect(folded.has('p1')).toBe(false);
  expect(folded.size).toBe(59);
  expect(foldedAtFirst(wide, treeOf(wide), 0).has('root')).toBe(false);
  expect(foldedAtFirst(wide, treeOf(wide), -1).size).toBe(0);
});

test('ten thousand spans make ten thousand rows', () => {
  const many = spansOf(...Array.from({ length: 10_000 }, (_, index): [string, number | null] => [`s${index}`, index === 0 ? null : index - 1]));
  expect(rowsOf(input(many)).length).toBe(10_000);
});
