// Layout: nobody overlaps, calls go right, large maps take the window's shape, and known nodes stay.
import { expect, test } from 'vitest';
import { arrange, CELL, type Point } from './arrange';
import { canPatch, patch } from './place';

function overlaps(placed: Map<string, Point>): string[] {
  const points = [...placed];
  return points.flatMap(([a, p], index) =>
    points.slice(index + 1).flatMap(([b, q]) => (Math.abs(p.x - q.x) < 80 && Math.abs(p.y - q.y) < 80 ? [`${a} ${b}`] : [])),
  );
}

function tiers(amount: number): { nodes: string[]; edges: [string, string][] } {
  const nodes = Array.from({ length: amount }, (_, index) => `n${index}`);
  const edges = nodes.slice(1).map((id, index): [string, string] => [`n${Math.floor(index / 4)}`, id]);
  return { nodes, edges };
}

test('a small map runs from left to right', () => {
  const placed = arrange({ nodes: ['c', 'a', 'b'], edges: [['c', 'a'], ['a', 'b']], clients: ['c'], ratio: 1.6 });
  expect(placed.get('c')!.x).toBeLessThan(placed.get('a')!.x);
  expect(placed.get('a')!.x).toBeLessThan(placed.get('b')!.x);
});

test('clients stand at the left edge, even those who call a late node', () => {
  const edges: [string, string][] = [['c1', 'a'], ['a', 'b'], ['b', 'd'], ['c2', 'd']];
  const placed = arrange({ nodes: ['a', 'b', 'c1', 'c2', 'd'], edges, clients: ['c1', 'c2'], ratio: 1.6 });
  expect(placed.get('c1')!.x).toBe(placed.get('c2')!.x);
  expect(overlaps(placed)).toEqual([]);
});

test.each([20, 60, 200])('%i nodes fill a wide window without overlaps', (amount) => {
  const placed = arrange({ ...tiers(amount), clients: [], ratio: 1.6 });
  expect(placed.size).toBe(amount);
  expect(overlaps(placed)).toEqual([]);
  const xs = [...placed.values()].map((point) => point.x);
  const ys = [...placed.values()].map((point) => point.y);
  const shape = (Math.max(...xs) - Math.min(...xs) + CELL.width) / (Math.max(...ys) - Math.min(...ys) + CELL.height);
  expect(shape).toBeGreaterThan(1.6 / 1.6);
  expect(shape).toBeLessThan(1.6 * 1.6);
});

test('the same graph is always arranged the same', () => {
  const first = arrange({ ...tiers(60), clients: [], ratio: 1.6 });
  expect([...arrange({ ...tiers(60), clients: [], ratio: 1.6 })]).toEqual([...first]);
});

test('cycles and calls of itself are no trouble', () => {
  const placed = arrange({ nodes: ['a', 'b'], edges: [['a', 'b'], ['b', 'a'], ['a', 'a']], clients: [], ratio: 1 });
  expect(overlaps(placed)).toEqual([]);
});

test('a new node is placed right of its caller and moves nobody', () => {
  const known = new Map([['a', { x: 0, y: 0 }], ['b', { x: CELL.width, y: 0 }], ['c', { x: 0, y: 200 }], ['d', { x: 0, y: 400 }]]);
  const nodes = ['a', 'b', 'c', 'd', 'new'];
  expect(canPatch(known, nodes)).toBe(true);
  const placed = patch(known, nodes, [['a', 'new']]);
  for (const [id, point] of known) expect(placed.get(id)).toEqual(point);
  expect(placed.get('new')!.x).toBe(CELL.width);
  expect(overlaps(placed)).toEqual([]);
});

test('many new nodes ask for a new picture', () => {
  expect(canPatch(new Map([['a', { x: 0, y: 0 }]]), ['a', 'b', 'c', 'd'])).toBe(false);
  expect(canPatch(new Map(), ['a'])).toBe(false);
});
