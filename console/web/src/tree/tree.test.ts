// What stands out in a tree of many traces, and what is folded.
import { describe, expect, test } from 'vitest';
import type { MergedTree } from '../api/generated/MergedTree';
import type { TreeNode } from '../api/generated/TreeNode';
import type { TreeSums } from '../api/generated/TreeSums';
import { findings, rowsOf, times } from './tree';

const NOTHING: TreeSums = { traces: 0, failedTraces: 0, ok: 0, error: 0, throttle: 0, fault: 0, arose: 0, total: 0, own: 0 };

function node(name: string, parent: number | undefined, a: Partial<TreeSums>, more: Partial<TreeNode> = {}): TreeNode {
  return { name, parent, nodeId: name, role: 'service', filter: '', example: '1-0-0', a: { ...NOTHING, ...a }, ...more };
}

function tree(nodes: TreeNode[], b?: number): MergedTree {
  return {
    a: { filter: 'fault', traces: 200 }, b: b === undefined ? undefined : { filter: '!fault', traces: b },
    nodes, hidden: 0, leftOut: 0, untold: 0, scanned: 200, complete: true,
  };
}

const SHOP = [
  node('shop', undefined, { traces: 200, ok: 100, fault: 100, failedTraces: 100, total: 90_000, own: 20_000 }, { operation: 'GET /' }),
  node('bank', 0, { traces: 200, ok: 100, fault: 100, failedTraces: 100, arose: 100, total: 60_000, own: 60_000 }),
  node('ledger', 1, { traces: 1, ok: 1, total: 1, own: 1 }),
];

describe('the tree of many traces', () => {
  test('what hardly any trace passes is folded, and so is what is below a closed place', () => {
    const names = (closed: number[], withRare: boolean) => rowsOf(tree(SHOP), new Set(closed), withRare).rows.map((row) => `${row.depth} ${row.node.name}`);
    expect(names([], false)).toEqual(['0 shop', '1 bank']);
    expect(rowsOf(tree(SHOP), new Set(), false).rare).toBe(1);
    expect(names([], true)).toEqual(['0 shop', '1 bank', '2 ledger']);
    expect(names([0], true)).toEqual(['0 shop']);
  });

  test('where an error arose is never folded', () => {
    const failing = [...SHOP.slice(0, 2), node('ledger', 1, { traces: 1, fault: 1, arose: 1 })];
    expect(rowsOf(tree(failing), new Set(), false).rows).toHaveLength(3);
  });

  test('of one set it is said where most time and most errors arise', () => {
    expect(findings(tree(SHOP)).map((finding) => finding.text)).toEqual([
      'Most time is spent in bank: 75 % of all own time, 300 ms a trace.',
      'Most errors arise in bank: 100 % of those that no call below explains.',
    ]);
  });

  test('of two sets it is said what differs by more than chance, and not what only passes it on', () => {
    const b = { ...NOTHING, traces: 100, ok: 100, total: 10_000, own: 10_000 };
    const nodes = [
      { ...SHOP[0]!, b, byChance: { requests: 1, failed: 1e-9, own: 0.4 } },
      { ...SHOP[1]!, b, byChance: { requests: 1, failed: 1e-9, own: 1e-5 } },
    ];
    expect(findings(tree(nodes, 100)).map((finding) => finding.text)).toEqual([
      'bank fails in 50 % of the traces of A that pass it, and in 0 % of B.',
      'bank works 300 ms in a trace of A, and 100 ms in one of B.',
    ]);
  });

  test('how often something is asked', () => {
    expect([0, 0.5, 1, 1.25, 42.4].map(times)).toEqual(['never', '0.5 ×', '1 ×', '1.25 ×', '42 ×']);
  });
});
