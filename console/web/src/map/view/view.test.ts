// What is drawn of a graph: collapsed, opened, focused and folded maps keep every request.
import { expect, test } from 'vitest';
import type { Graph } from '../../api/generated/Graph';
import { arrange } from '../layout/arrange';
import { inflate } from '../layout/inflate';
import { collapse, prefixOf, type CollapseInput } from './collapse';
import { focusOn } from './focus';
import { foldLeaves } from './fold';
import { sceneOf } from './scene';

const NOTHING = new Set<string>();

function graphOf(names: string[], edges: [string, string][], failing: string[] = []): Graph {
  const stats = (fault: number) => ({ ok: 10, error: 0, throttle: 0, fault, total: 10 + fault, average: 20, p50: 18 });
  return {
    from: 0, to: 1, now: 1, series: [],
    nodes: names.map((id) => ({ id, name: id, role: 'service' as const, isRoot: false, lastSeen: 0, stats: stats(failing.includes(id) ? 10 : 0) })),
    edges: edges.map(([source, target]) => ({ id: `${source}>${target}`, source, target, isLink: false, aliases: [], stats: stats(0) })),
  };
}

const SHOP = graphOf(
  ['web', 'pay-api', 'pay-db', 'pay-queue', 'search-api', 'search-db'],
  [['web', 'pay-api'], ['web', 'search-api'], ['pay-api', 'pay-db'], ['pay-api', 'pay-queue'], ['search-api', 'search-db']],
  ['pay-db'],
);
const collapsed = (input: Partial<CollapseInput> = {}) => collapse(sceneOf(SHOP, []), { by: 'prefix', open: NOTHING, outside: NOTHING, ...input });

test('services of one prefix are a box, and a red one stands outside', () => {
  const scene = collapsed();
  expect(scene.nodes.map((node) => node.id).sort()).toEqual(['box:pay', 'box:search', 'pay-db', 'web']);
  expect(scene.nodes.find((node) => node.id === 'box:pay')!.stats).toMatchObject({ ok: 20, total: 20, average: 20 });
  expect(scene.edges.map((edge) => edge.id).sort()).toEqual(['box:pay>pay-db', 'web>box:pay', 'web>box:search']);
});

test('an open box shows its members, and what is selected is never in one', () => {
  const scene = collapsed({ open: new Set(['search']), outside: new Set(['pay-api']) });
  expect(scene.nodes.map((node) => node.id).sort()).toEqual(['pay-api', 'pay-db', 'pay-queue', 'search-api', 'search-db', 'web']);
  expect(scene.opened).toEqual([{ id: 'box:search', key: 'search', shown: ['search-api', 'search-db'] }]);
});

test('a box of hundreds opens to its worst members and a box of the rest', () => {
  const names = Array.from({ length: 300 }, (_, index) => `shop-${index}`);
  const many = collapse(sceneOf(graphOf([...names, 'a', 'b-x', 'b-y', 'c-x', 'c-y', 'd-x', 'd-y'], []), []), { by: 'prefix', open: new Set(['shop']), outside: NOTHING });
  const rest = many.nodes.find((node) => node.box?.canOpen === false)!;
  expect(rest.name).toBe('252 more');
  expect(many.nodes.length).toBe(48 + 1 + 1 + 3);
});

test.each([
  ['payment-api', 'payment'], ['springboot2.default', 'default'], ['cart.shop.svc.cluster.local', 'shop'], ['orders_db', 'orders'], ['svc0042', 'svc'], ['42', '42'],
])('%s belongs to %s', (name, prefix) => expect(prefixOf(name, 1)).toBe(prefix));

test('a focus takes callers of callers and callees of callees, not their other callees', () => {
  const ids = (depth: number) => focusOn(sceneOf(SHOP, []), 'pay-api', depth).nodes.map((node) => node.id).sort();
  expect(ids(1)).toEqual(['pay-api', 'pay-db', 'pay-queue', 'web']);
  expect(focusOn(sceneOf(SHOP, []), 'pay-db', 4).nodes.map((node) => node.id).sort()).toEqual(['pay-api', 'pay-db', 'web']);
});

test('many leaves of one caller fold on a large map', () => {
  const leaves = Array.from({ length: 130 }, (_, index) => `leaf-${index}`);
  const scene = foldLeaves(sceneOf(graphOf(['hub', ...leaves], leaves.map((leaf) => ['hub', leaf] as [string, string])), []), NOTHING, NOTHING);
  expect(scene.nodes.map((node) => node.name)).toEqual(['hub', '130 Service']);
  expect(scene.edges).toHaveLength(1);
  expect(scene.edges[0]!.stats.total).toBe(1300);
});

test('an opened box makes room and keeps everybody else in order', () => {
  const names = ['a', 'box', 'c', 'd'];
  const placed = arrange({ nodes: names, edges: [['a', 'box'], ['box', 'c'], ['a', 'd']], clients: [], ratio: 1.6 });
  const members = Array.from({ length: 9 }, (_, index) => `m${index}`);
  const opened = inflate(placed, 'box', members);
  expect(opened.has('box')).toBe(false);
  expect(opened.get('a')!.x).toBeLessThan(Math.min(...members.map((id) => opened.get(id)!.x)));
  expect(opened.get('c')!.x).toBeGreaterThan(Math.max(...members.map((id) => opened.get(id)!.x)));
  const all = [...opened.values()];
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(index + 1)) {
      expect(Math.abs(one.x - other.x) > 60 || Math.abs(one.y - other.y) > 60).toBe(true);
    }
  }
});
