// Lays spans out as a flame graph: time to the right, depth downwards, and what runs side by side in lanes of its own.
import type { Span } from '../api/generated/Span';
import { treeOf } from './tree';

/** Deeper or wider than this nobody reads; what is left out is counted. */
const MOST_LANES = 2000;

export interface Flame {
  /** The lane of each span; -1 for what did not fit, and for twins. */
  lane: Int32Array;
  lanes: number;
  left: number;
}

/** A sibling that overlaps an earlier one goes below all of it, so that nothing seems to hang below what did not call it. */
export function flameOf(spans: readonly Span[], extent: number): Flame {
  const { children, twins, roots } = treeOf(spans);
  const hidden = new Set(twins.values());
  const end = Float64Array.from(spans, ({ start, duration }) => (duration == null ? extent : start + duration));
  /** Lanes of a subtree, and its lane below its parent. */
  const height = new Int32Array(spans.length).fill(1);
  const offset = new Int32Array(spans.length);
  const stack = (siblings: readonly number[]) => {
    let tallest = 0;
    let active: number[] = [];
    for (const sibling of siblings) {
      active = active.filter((other) => end[other]! > spans[sibling]!.start + 1e-9);
      offset[sibling] = active.reduce((below, other) => Math.max(below, offset[other]! + height[other]!), 0);
      active.push(sibling);
      tallest = Math.max(tallest, offset[sibling]! + height[sibling]!);
    }
    return tallest;
  };
  // Backwards, so that each subtree is finished before it is put below its parent.
  for (let index = spans.length - 1; index >= 0; index -= 1) {
    for (const child of children[index]!) end[index] = Math.max(end[index]!, end[child]!);
    height[index] = 1 + stack(children[index]!);
  }
  stack(roots);

  const lane = new Int32Array(spans.length).fill(-1);
  let [lanes, left] = [0, 0];
  spans.forEach((span, index) => {
    if (hidden.has(index)) return;
    const parent = span.parent == null || span.parent >= index ? undefined : lane[span.parent]!;
    const at = parent === -1 ? MOST_LANES : (parent === undefined ? 0 : parent + 1) + offset[index]!;
    if (at >= MOST_LANES) left += 1;
    else {
      lane[index] = at;
      lanes = Math.max(lanes, at + 1);
    }
  });
  return { lane, lanes, left };
}
