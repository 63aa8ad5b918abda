// What is made of the tree of many traces: its rows, what stands out in it, and what differs between two sets.
import type { MergedTree } from '../api/generated/MergedTree';
import type { TreeNode } from '../api/generated/TreeNode';
import type { TreeSums } from '../api/generated/TreeSums';
import { spokenName } from '../map/display-name';
import { duration, share } from '../quantity';

/** Below this chance alone is not believed. */
const BY_CHANCE = 0.01;
/** Places that fewer traces of either set pass are folded, unless something about them stands out. */
const RARE = 0.01;

export interface TreeRow {
  place: number;
  node: TreeNode;
  depth: number;
  hasBelow: boolean;
}

export function placeName(node: TreeNode): string {
  return node.operation ? `${spokenName(node.name)} ${node.operation}` : spokenName(node.name);
}

export const requestsOf = ({ ok, error, throttle, fault }: TreeSums) => ok + error + throttle + fault;
export const failedOf = ({ error, throttle, fault }: TreeSums) => error + throttle + fault;

/** Own time of a trace that passes. */
export function ownOf(sums: TreeSums | null | undefined): number | undefined {
  return sums && sums.traces > 0 ? sums.own / sums.traces : undefined;
}

export function failedShare(sums: TreeSums | null | undefined): number | undefined {
  return sums && sums.traces > 0 ? sums.failedTraces / sums.traces : undefined;
}

/** Requests of a trace of the set, whether it passes or not. */
export function perTrace(sums: TreeSums | null | undefined, traces: number): number | undefined {
  return sums && traces > 0 ? requestsOf(sums) / traces : undefined;
}

export function isReal(byChance: number | null | undefined): boolean {
  return byChance != null && byChance < BY_CHANCE;
}

function isRare({ node, tree }: { node: TreeNode; tree: MergedTree }): boolean {
  const part = (sums: TreeSums | null | undefined, of: number) => (sums == null || of === 0 ? 0 : sums.traces / of);
  if (Math.max(part(node.a, tree.a.traces), part(node.b, tree.b?.traces ?? 0)) >= RARE) return false;
  const { requests, failed, own } = node.byChance ?? {};
  return node.a.arose === 0 && ![requests, failed, own].some(isReal);
}

/** Callers before what they call, without what is below a closed place. */
export function rowsOf(tree: MergedTree, closed: ReadonlySet<number>, withRare: boolean): { rows: TreeRow[]; rare: number } {
  const rows: TreeRow[] = [];
  const depths: number[] = [];
  const isShown: boolean[] = [];
  let rare = 0;
  const folds = tree.nodes.map((node) => !withRare && isRare({ node, tree }));
  const below = new Set(tree.nodes.filter((_, place) => !folds[place]).map((node) => node.parent));
  tree.nodes.forEach((node, place) => {
    const parent = node.parent ?? undefined;
    depths[place] = parent === undefined ? 0 : depths[parent]! + 1;
    const isOpen = parent === undefined || (isShown[parent]! && !closed.has(parent));
    if (isOpen && folds[place]) rare += 1;
    isShown[place] = isOpen && !folds[place];
    if (isShown[place]) rows.push({ place, node, depth: depths[place]!, hasBelow: below.has(place) });
  });
  return { rows, rare };
}

export interface Finding {
  place: number;
  text: string;
}

/** What a reader should look at first, in words: where most time and most errors arise, or what differs most and not by chance. */
export function findings(tree: MergedTree): Finding[] {
  return tree.b ? differences(tree) : origins(tree);
}

function origins({ nodes }: MergedTree): Finding[] {
  const found: Finding[] = [];
  const own = nodes.reduce((sum, node) => sum + node.a.own, 0);
  const arose = nodes.reduce((sum, node) => sum + node.a.arose, 0);
  const most = (of: (sums: TreeSums) => number) => nodes.reduce((best, node, place) => (of(node.a) > of(nodes[best]!.a) ? place : best), 0);
  if (own > 0) {
    const place = most((sums) => sums.own);
    found.push({ place, text: `Most time is spent in ${placeName(nodes[place]!)}: ${share(nodes[place]!.a.own / own)} of all own time, ${duration(ownOf(nodes[place]!.a))} a trace.` });
  }
  if (arose > 0) {
    const place = most((sums) => sums.arose);
    found.push({ place, text: `Most errors arise in ${placeName(nodes[place]!)}: ${share(nodes[place]!.a.arose / arose)} of those that no call below explains.` });
  }
  return found;
}

const TOLD = 3;

function differences(tree: MergedTree): Finding[] {
  const found: (Finding & { weight: number })[] = [];
  tree.nodes.forEach((node, place) => {
    const name = placeName(node);
    const [failA, failB] = [failedShare(node.a), failedShare(node.b)];
    // What fails because something below did is told where it arose.
    if (isReal(node.byChance?.failed) && failA !== undefined && failB !== undefined && node.a.arose + (node.b?.arose ?? 0) > 0) {
      found.push({ place, weight: 2 * Math.abs(failA - failB), text: `${name} fails in ${share(failA)} of the traces of A that pass it, and in ${share(failB)} of B.` });
    }
    const [ownA, ownB] = [ownOf(node.a), ownOf(node.b)];
    if (isReal(node.byChance?.own) && ownA !== undefined && ownB !== undefined) {
      found.push({ place, weight: Math.abs(ownA - ownB) / Math.max(1, ...tree.nodes.map((one) => ownOf(one.a) ?? 0), ownB), text: `${name} works ${duration(ownA)} in a trace of A, and ${duration(ownB)} in one of B.` });
    }
    const [callsA, callsB] = [perTrace(node.a, tree.a.traces), perTrace(node.b, tree.b?.traces ?? 0)];
    if (isReal(node.byChance?.requests) && callsA !== undefined && callsB !== undefined) {
      found.push({ place, weight: Math.min(1, Math.abs(callsA - callsB)) / 2, text: `${name} is asked ${times(callsA)} in a trace of A, and ${times(callsB)} in one of B.` });
    }
  });
  return found.sort((one, other) => other.weight - one.weight).slice(0, TOLD);
}

export function times(perTrace: number): string {
  if (perTrace === 0) return 'never';
  return `${perTrace < 10 ? perTrace.toFixed(2).replace(/\.?0+$/, '') : Math.round(perTrace)} ×`;
}
