// Edges go around rings: in a row, in a column, in a grid, and where the ends are neighbours nothing changes.
import { expect, test } from 'vitest';
import { arrange } from './layout/arrange';
import { curve, type End } from './curve';
import { crossed, route } from './route';

const ring = (x: number, y: number): End => ({ x, y, radius: 30 });

function check(from: End, to: End, others: End[]) {
  expect(crossed(route(from, to, others).path, others)).toBe(0);
}

test('a line with nothing in its way is the usual curve', () => {
  expect(route(ring(0, 0), ring(168, 0), [ring(168, 132)])).toEqual(curve(ring(0, 0), ring(168, 0)));
});

test('around rings of its own row', () => {
  const between = [ring(168, 0), ring(336, 0), ring(504, 0)];
  expect(crossed(curve(ring(0, 0), ring(672, 0)).path, between)).toBe(3);
  check(ring(0, 0), ring(672, 0), between);
  check(ring(0, 0), ring(672, 0), [...between, ...between.map(({ x }) => ring(x, 132)), ...between.map(({ x }) => ring(x, -132))]);
});

test('around rings of its own column, and backwards', () => {
  check(ring(0, 0), ring(0, 396), [ring(0, 132), ring(0, 264)]);
  check(ring(504, 0), ring(0, 0), [ring(168, 0), ring(336, 0)]);
});

test('of a hundred nodes in a grid next to no edge goes through a ring', () => {
  // A fixed walk of a linear congruential generator: the same graph each time.
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const nodes = Array.from({ length: 100 }, (_, index) => `n${index}`);
  const edges = nodes.slice(1).flatMap((id, index): [string, string][] => [[nodes[random(index + 1)]!, id], ...(index % 3 === 0 ? [[nodes[random(100)]!, id] as [string, string]] : [])]);
  const placed = arrange({ nodes, edges, clients: ['n0'], ratio: 1.6 });
  const ends = new Map([...placed].map(([id, point]) => [id, { ...point, radius: 30 }]));
  const through = (line: (from: End, to: End, others: End[]) => string) =>
    edges.filter(([a, b]) => {
      const others = [...ends].filter(([id]) => id !== a && id !== b).map(([, end]) => end);
      return a !== b && crossed(line(ends.get(a)!, ends.get(b)!, others), others) > 0;
    }).length;
  const before = through((from, to) => curve(from, to).path);
  const after = through((from, to, others) => route(from, to, others).path);
  expect(before).toBeGreaterThan(20);
  expect(after).toBeLessThanOrEqual(2);
});
