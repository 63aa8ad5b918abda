// Strips, replays and sentences: what the home page says of time.
import { expect, test } from 'vitest';
import type { Graph } from '../api/generated/Graph';
import type { NowEntry } from '../api/generated/NowEntry';
import type { Replay } from '../api/generated/Replay';
import { frameOf, onsets } from './replay';
import { inPlace } from './IssueRail';
import { ordinal } from './sentence';
import { filled, moved, snapped, stripFor } from './strip';

const MINUTE = 60_000;

test('the strip of a live window ends with it and is four times as long', () =>
  expect(stripFor({ from: 90 * MINUTE, to: 120 * MINUTE }, 120 * MINUTE)).toEqual({ from: 0, to: 120 * MINUTE }));

test('a window of the past stands in the middle as far as there is time', () => {
  expect(stripFor({ from: 300 * MINUTE, to: 310 * MINUTE }, 1000 * MINUTE)).toEqual({ from: 285 * MINUTE, to: 325 * MINUTE });
  expect(stripFor({ from: 300 * MINUTE, to: 310 * MINUTE }, 312 * MINUTE)).toEqual({ from: 272 * MINUTE, to: 312 * MINUTE });
});

test('the strip stays while the window moves on it, and follows when it leaves or becomes too narrow', () => {
  const strip = { from: 0, to: 120 * MINUTE };
  expect(stripFor({ from: 10 * MINUTE, to: 40 * MINUTE }, 500 * MINUTE, strip)).toBe(strip);
  expect(stripFor({ from: 200 * MINUTE, to: 230 * MINUTE }, 500 * MINUTE, strip)).not.toBe(strip);
  expect(stripFor({ from: 10 * MINUTE, to: 11 * MINUTE }, 500 * MINUTE, strip)).not.toBe(strip);
});

test('a strip is drawn from the first data on, and never so narrow that a bar is all of it', () => {
  const strip = { from: 0, to: 120 * MINUTE };
  expect(filled(strip, undefined, MINUTE)).toBe(strip);
  expect(filled(strip, 0, MINUTE)).toBe(strip);
  expect(filled(strip, 60 * MINUTE, MINUTE)).toEqual({ from: 57 * MINUTE, to: 120 * MINUTE });
  expect(filled(strip, 119 * MINUTE, MINUTE)).toEqual({ from: 108 * MINUTE, to: 120 * MINUTE });
});

test('a window keeps its length at both ends of the strip, and snaps to whole steps', () => {
  const strip = { from: 0, to: 100 };
  expect(moved({ from: 10, to: 40 }, -50, strip)).toEqual({ from: 0, to: 30 });
  expect(moved({ from: 10, to: 40 }, 500, strip)).toEqual({ from: 70, to: 100 });
  expect(snapped(14, 15, 10)).toEqual({ from: 10, to: 20 });
});

const ENTRY = { nodeId: 'db', affected: ['payment', 'checkout'] };

test('ordinals are those that people say', () =>
  expect([1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 111].map(ordinal)).toEqual(['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '22nd', '103rd', '111th']));

test('entries keep their places while one looks, and new ones come last', () => {
  const entries = (...ids: string[]) => ids.map((id) => ({ id }) as NowEntry);
  expect(inPlace(entries('a', 'b', 'c'), entries('new', 'c', 'a')).map((entry) => entry.id)).toEqual(['a', 'c', 'new']);
});

const REPLAY: Replay = {
  from: 1000, step: 10, nodes: ['checkout', 'db', 'payment', 'web'], edges: ['checkout>payment'], complete: true,
  frames: [
    { nodes: [[0, 5, 0, 0, 0, 20]], edges: [[0, 5, 0, 0, 0, 18]] },
    { nodes: [[0, 4, 0, 0, 1, 20], [1, 0, 0, 0, 1, 9], [2, 0, 0, 0, 1, 9]], edges: [] },
    { nodes: [[0, 0, 0, 0, 2, 20], [3, 0, 0, 0, 7, 20]], edges: [] },
  ],
};

test('nodes that began to fail are told in order, the origin before its victims', () => {
  expect(onsets(REPLAY, [ENTRY]).map(({ id, at, faults }) => [id, at, faults])).toEqual([['db', 1010, 1], ['payment', 1010, 1], ['checkout', 1010, 3], ['web', 1020, 7]]);
  expect(onsets(REPLAY, [], 0)).toEqual([]);
});

test('a frame changes numbers and nothing else', () => {
  const stats = { ok: 1, error: 1, throttle: 1, fault: 1, total: 4 };
  const graph: Graph = {
    from: 0, to: 1, now: 1, series: [],
    nodes: ['checkout', 'payment'].map((id) => ({ id, name: id, role: 'service' as const, isRoot: false, lastSeen: 0, stats })),
    edges: [{ id: 'checkout>payment', source: 'checkout', target: 'payment', isLink: false, aliases: [], stats }],
  };
  const shown = frameOf(graph, REPLAY, 0);
  expect(shown.nodes.map((node) => [node.id, node.stats.total])).toEqual([['checkout', 5], ['payment', 0]]);
  expect(shown.edges[0]!.stats).toMatchObject({ ok: 5, total: 5, average: 18 });
});
