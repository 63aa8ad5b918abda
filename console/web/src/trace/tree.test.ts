// What is read off the tree of spans, the time axis, and the texts of zoom and find.
import { expect, test } from 'vitest';
import { holdupsOf, stretchesOf, stretchesWithin } from './critical';
import { matchesOf, stepped } from './find';
import { flameOf } from './flame';
import { aggregatesOf, sorted } from './aggregate';
import { beginningsOf, differs, merged } from './merge';
import { spansOf } from './span-fixture';
import { ancestorsOf, asSentOf, extentOf, faultsOf, selfTimesOf, servicesOf, treeOf } from './tree';
import { panned, parseZoom, printZoom, ticksOf, zoomed, zoomTo } from './zoom';

const TREE = spansOf(['a', null, { duration: 10 }], ['b', 0, { start: 1, duration: 3 }], ['b2', 1, { start: 1, duration: 1 }], ['c', 0, { start: 2, duration: 6 }], ['d', null]);

test('ancestors lead up to the root, also where a parent points at itself', () => {
  expect(ancestorsOf(TREE, 2)).toEqual([1, 0]);
  expect(ancestorsOf(spansOf(['a', null]).map((span) => ({ ...span, parent: 0 })), 0)).toEqual([]);
});

test('as sent, each span stands where the clock of its host has it', () => {
  const spans = spansOf(['a', null, { duration: 10 }], ['b', 0, { start: 4, duration: 2, shift: 90_000 }], ['c', 0, { start: 7, shift: -5 }]);
  expect(asSentOf(spans).map(({ start, shift }) => [start, shift])).toEqual([[89_996, undefined], [0, undefined], [90_008, undefined]]);
});

test('a subtree is one stretch of the spans', () => expect(treeOf(TREE).ends).toEqual([4, 3, 3, 4, 5]));

test('faults are stepped through where they began', () => {
  const bad = spansOf(['a', null, { outcome: 'fault' }], ['b', 0, { outcome: 'fault', exceptions: 1 }], ['c', 1, { outcome: 'fault' }], ['c2', 2, { outcome: 'fault', kind: 'inferred' }], ['d', 0]);
  expect(faultsOf(bad)).toEqual([1, 2]);
  expect(faultsOf(bad.slice(0, 1))).toEqual([0]);
});

test('what is in progress does not shorten the picture', () => {
  const open = spansOf(['a', null, { start: 0, duration: undefined }], ['b', 0, { start: 5, duration: 20 }]);
  expect(extentOf(open, null)).toBe(25);
  expect(extentOf(open, 40)).toBe(40);
  expect(extentOf([], undefined)).toBeGreaterThan(0);
});

test('colours follow first appearance', () => expect([...servicesOf(TREE)]).toEqual([['a', 0], ['b', 1], ['c', 2], ['d', 3]]));

test('self time counts what overlaps once', () => expect(selfTimesOf(TREE, treeOf(TREE))).toEqual([3, 2, 1, 6, 1]));

test.each([
  [0, 1830, 5, [0, 500, 1000, 1500]],
  [0, 5.2, 3, [0, 2, 4]],
  [100, 200, 2, [100, 150, 200]],
  [0, 1, 10, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]],
])('ticks from %s to %s are round', (from, to, most, ticks) => expect(ticksOf(from, to, most).map((tick) => Number(tick.toFixed(6)))).toEqual(ticks));

test('zoom stands in the address as shares, and comes back', () => {
  expect(printZoom([20, 40], 100)).toBe('0.2~0.4');
  expect(parseZoom('0.2~0.4', 100)).toEqual([20, 40]);
  for (const text of ['', 'x~y', '0.4~0.2', '0~1', '-3~9', null, '0.5']) expect(parseZoom(text, 100)).toBeUndefined();
  expect(printZoom(undefined, 100)).toBeUndefined();
});

test('zoom and pan stay inside, and out of all the way is everything', () => {
  expect(panned([80, 100], 100, 1)).toEqual([80, 100]);
  expect(panned([40, 60], 100, -1)).toEqual([35, 55]);
  expect(panned(undefined, 100, 1)).toBeUndefined();
  const [from, to] = zoomed(undefined, 90, 'in')!;
  expect([from, to].map(Math.round)).toEqual([15, 75]);
  expect(zoomed([10, 80], 90, 'out')).toBeUndefined();
  expect(zoomed([60, 80], 90, 'out')).toEqual([55, 85]);
  expect(zoomed([70, 90], 90, 'out')).toEqual([60, 90]);
  expect(zoomTo(50, 10, 100)).toEqual([49.4, 60.6]);
});

test('find needs every word, anywhere', () => {
  const spans = spansOf(['a', null, { name: 'ledger', operation: 'PutItem' }], ['b', 0, { url: 'http://x/Ledger/7', status: 500 }]);
  expect(matchesOf(spans, 'LEDGER')).toEqual([0, 1]);
  expect(matchesOf(spans, 'ledger putitem')).toEqual([0]);
  expect(matchesOf(spans, '500')).toEqual([1]);
  expect(matchesOf(spans, ' ')).toEqual([]);
});

test('steps go round', () => {
  expect([stepped([2, 5], 2, 1), stepped([2, 5], 5, 1), stepped([2, 5], 2, -1), stepped([], 0, 1)]).toEqual([5, 2, 5, undefined]);
});

test('the critical path is told by row and by service', () => {
  const path = { length: 10, steps: [[0, 0, 2], [1, 2, 6], [2, 6, 7], [0, 7, 10]] as [number, number, number][], shares: [{ service: 'a', time: 5 }, { service: null, time: 4 }, { service: 'z', time: 0.01 }] };
  expect(stretchesOf(path).get(0)).toEqual([[0, 2], [7, 10]]);
  expect(stretchesWithin(path, 1, 3)).toEqual([[2, 7]]);
  expect(holdupsOf(path).map(({ text }) => text)).toEqual(['a 50 %', 'network 40 %']);
  expect(holdupsOf({ length: 0, steps: [], shares: [] })).toEqual([]);
});

test('in a flame graph what runs side by side has a lane of its own, below its parent', () => {
  const { lane, lanes, left } = flameOf(TREE, 10);
  expect([...lane]).toEqual([0, 1, 2, 3, 4]);
  expect([lanes, left]).toEqual([5, 0]);
  const inTurn = spansOf(['a', null, { duration: 9 }], ['b', 0, { duration: 2 }], ['b2', 1], ['c', 0, { start: 2 }], ['c2', 3, { start: 2 }]);
  expect([...flameOf(inTurn, 9).lane]).toEqual([0, 1, 2, 1, 2]);
  const early = spansOf(['p', null, { start: 5, duration: 5 }], ['skewed', 0, { start: 1, duration: 2 }]);
  expect([...flameOf(early, 10).lane]).toEqual([0, 1]);
});

test('spans are summed by service and name', () => {
  const spans = spansOf(['a', null, { duration: 10 }], ['x', 0, { service: 'a', name: 'get', duration: 4, outcome: 'fault' }], ['y', 0, { service: 'a', name: 'get', start: 5, duration: 2 }]);
  const rows = sorted(aggregatesOf(spans, treeOf(spans)), 'total', true);
  expect(rows.map(({ name, count, total, self, p50, faults, longest }) => [name, count, total, self, p50, faults, longest])).toEqual([['a', 1, 10, 4, 10, 0, 0], ['get', 2, 6, 6, 2, 1, 1]]);
});

test('two traces are merged by path, with what only one has', () => {
  const a = spansOf(['a', null, { duration: 9 }], ['b', 0, { name: 'get', duration: 4, outcome: 'fault' }], ['c', 0, { name: 'get', start: 4, duration: 4 }]);
  const b = spansOf(['a', null, { duration: 9 }], ['n', 0, { name: 'new' }], ['b', 0, { name: 'get', duration: 4 }]);
  const nodes = merged(a, b);
  expect(nodes.map(({ name, depth, parent, sides }) => [name, depth, parent, sides[0].count, sides[1].count, sides[0].faults])).toEqual([
    ['a', 0, undefined, 1, 1, 0],
    ['get', 1, 0, 2, 1, 1],
    ['new', 1, 0, 0, 1, 0],
  ]);
  // The root took 4 ms longer by itself, a tenth of 9 and more.
  expect(nodes.map((node) => differs(node, 9))).toEqual([true, true, true]);
  expect(nodes.map((node) => differs(node, 90))).toEqual([false, true, true]);
  expect(beginningsOf(nodes).map(({ name }) => name)).toEqual(['new']);
  expect(merged(a, a).some((node) => differs(node, 9))).toBe(false);
});
