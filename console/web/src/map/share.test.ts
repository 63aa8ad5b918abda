// Which part of clients' time edges of the map have.
import { expect, test } from 'vitest';
import type { CriticalPaths } from '../api/generated/CriticalPaths';
import { shareWidth } from './CallEdge';
import { sharesOf } from './share';

function edge(source: string, target: string, through: number) {
  const part = { through, work: 0, way: 0 };
  return { id: `${source}>${target}`, source, sourceName: source, target, targetName: target, role: 'service' as const, p50: part, p99: { ...part, through: through / 2 } };
}

const PATHS: CriticalPaths = {
  filter: '', traces: 9, entries: [], edges: [edge('a', 'b', 0.5), edge('a', 'c', 0.3), edge('b', 'c', 0.2)],
  entriesLeftOut: 0, edgesLeftOut: 0, untold: 0, leftOut: 0, scanned: 9, complete: true,
};

test('edges have what passes through them, and those of a box what passes through its members', () => {
  expect([...sharesOf(PATHS, 'p50', { boxOf: new Map() })]).toEqual([['a>b', 0.5], ['a>c', 0.3], ['b>c', 0.2]]);
  expect([...sharesOf(PATHS, 'p99', { boxOf: new Map([['b', 'box:x'], ['c', 'box:x']]) })]).toEqual([['a>box:x', 0.4]]);
});

test('what nobody waits for is a hair, and more time is wider', () => {
  expect(shareWidth(0)).toBeLessThan(1);
  expect(shareWidth(1)).toBeGreaterThan(2 * shareWidth(0.4));
});
