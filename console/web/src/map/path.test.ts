// What lights up: the way of a failure, or the neighbours; and where arrow keys lead.
import { expect, test } from 'vitest';
import type { Graph } from '../api/generated/Graph';
import { chainDown, chainThrough, faultPath, litFor } from './path';
import { step } from './step';

const stats = (fault: number) => ({ ok: 10, error: 0, throttle: 0, fault, total: 10 + fault });

function graphOf(edges: [string, string, number][], failing: string[]): Graph {
  const ids = [...new Set(edges.flatMap(([source, target]) => [source, target]))];
  return {
    from: 0, to: 1, now: 1, series: [],
    nodes: ids.map((id) => ({
      id, name: id, role: id === 'client' ? ('client' as const) : ('service' as const), isRoot: false, stats: stats(failing.includes(id) ? 3 : 0), lastSeen: 0,
    })),
    edges: edges.map(([source, target, fault]) => ({ id: `${source}>${target}`, source, target, isLink: false, aliases: [], stats: stats(fault) })),
  };
}

const SHOP = graphOf(
  [['client', 'web', 3], ['web', 'checkout', 3], ['checkout', 'payment', 3], ['payment', 'ledger', 3], ['web', 'catalog', 0], ['mailer', 'ledger', 0]],
  ['web', 'checkout', 'payment', 'ledger'],
);

function check(nodes: Set<string>, expected: string[]) {
  expect([...nodes].sort()).toEqual([...expected].sort());
}

test('a failure lights its way up to the client and nothing beside it', () =>
  check(faultPath(SHOP, 'ledger').nodes, ['ledger', 'payment', 'checkout', 'web', 'client']));
test('only affected nodes are on the way of an issue', () =>
  check(faultPath(SHOP, 'ledger', ['payment', 'checkout']).nodes, ['ledger', 'payment', 'checkout']));
test('a failing node in the middle also shows the way down to the root cause', () =>
  check(litFor(SHOP, 'checkout')!.nodes, ['client', 'web', 'checkout', 'payment', 'ledger']));
test('a healthy node lights its neighbours', () => check(litFor(SHOP, 'catalog')!.nodes, ['catalog', 'web']));
test('a cycle of failures ends', () => {
  const ring = graphOf([['a', 'b', 1], ['b', 'a', 1]], ['a', 'b']);
  check(litFor(ring, 'a')!.nodes, ['a', 'b']);
});

test('a failure is followed from anywhere on its way to where it began', () => {
  const way = (edges: { id: string }[]) => edges.map((edge) => edge.id).join(' ');
  expect(way(chainDown(SHOP, 'web'))).toBe('web>checkout checkout>payment payment>ledger');
  expect(way(chainThrough(SHOP, 'payment'))).toBe('client>web web>checkout checkout>payment payment>ledger');
  expect(chainDown(SHOP, 'ledger')).toEqual([]);
});
test('what is not drawn lights nothing', () => expect(litFor(SHOP, 'gone')).toBeUndefined());

test('arrow keys walk along edges and among siblings', () => {
  const placed = new Map([['web', { x: 100, y: 0 }], ['checkout', { x: 200, y: -50 }], ['catalog', { x: 200, y: 60 }], ['client', { x: 0, y: 0 }]]);
  expect(step('web', 'left', SHOP.edges, placed)).toBe('client');
  expect(step('web', 'right', SHOP.edges, placed)).toBe('checkout');
  expect(step('checkout', 'down', SHOP.edges, placed)).toBe('catalog');
  expect(step('client', 'left', SHOP.edges, placed)).toBeUndefined();
});
