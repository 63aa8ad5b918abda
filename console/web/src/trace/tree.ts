// The spans as a tree, and what can be read off it: ancestors, subtrees, faults, services, and the extent.
import type { Span } from '../api/generated/Span';
import { twinsOf } from './twin';

export interface Tree {
  /** Children of each span, by index, in drawing order, without twins. */
  children: number[][];
  /** The twin of each call that has one. */
  twins: ReadonlyMap<number, number>;
  roots: number[];
  /** The index after the last span below each span: spans stand in drawing order, so a subtree is one stretch. */
  ends: number[];
}

export function treeOf(spans: readonly Span[]): Tree {
  const children: number[][] = spans.map(() => []);
  const roots: number[] = [];
  const ends = spans.map((_, index) => index + 1);
  const twins = twinsOf(spans);
  spans.forEach((span, index) => {
    if (span.parent == null || span.parent >= index) roots.push(index);
    else if (twins.get(span.parent) !== index) children[span.parent]!.push(index);
  });
  for (let index = spans.length - 1; index >= 0; index -= 1) {
    const parent = spans[index]!.parent;
    if (parent != null && parent < index) ends[parent] = Math.max(ends[parent]!, ends[index]!);
  }
  return { children, twins, roots, ends };
}

/** Indices of the spans above one, the nearest first. */
export function ancestorsOf(spans: readonly Span[], index: number): number[] {
  const found: number[] = [];
  let at = spans[index]?.parent;
  while (at != null && at < (found.at(-1) ?? index)) {
    found.push(at);
    at = spans[at]!.parent;
  }
  return found;
}

/** Where failures began: spans with a fault that own an exception, or below which nothing failed. */
export function faultsOf(spans: readonly Span[]): number[] {
  const passesOn = new Set<number>();
  const failed = spans.flatMap((span, index) => {
    // An inferred segment says again what its call says.
    if (span.outcome !== 'fault' || span.kind === 'inferred') return [];
    if (span.parent != null) passesOn.add(span.parent);
    return [index];
  });
  return failed.filter((index) => (spans[index]!.exceptions ?? 0) > 0 || !passesOn.has(index));
}

/** Length of the whole picture in milliseconds; what is in progress ends at the last thing known. */
export function extentOf(spans: readonly Span[], duration: number | null | undefined): number {
  return spans.reduce((end, span) => Math.max(end, span.start + (span.duration ?? 0)), Math.max(duration ?? 0, 0.001));
}

/** The spans by the clocks of their hosts, as they were sent. */
export function asSentOf(spans: readonly Span[]): Span[] {
  const starts = spans.map((span) => span.start - (span.shift ?? 0));
  const first = starts.reduce((least, start) => Math.min(least, start), Infinity);
  return spans.map((span, index) => ({ ...span, start: starts[index]! - first, shift: undefined }));
}

/** Services in order of first appearance, so that two readers see the same colours. */
export function servicesOf(spans: readonly Span[]): Map<string, number> {
  const order = new Map<string, number>();
  for (const span of spans) if (!order.has(span.service)) order.set(span.service, order.size);
  return order;
}

/** Milliseconds in which a span worked itself: its time without that of what hangs below it, overlaps counted once. */
export function selfTimesOf(spans: readonly Span[], tree: Tree): number[] {
  return spans.map((span, index) => {
    if (span.duration == null) return 0;
    const end = span.start + span.duration;
    let covered = 0;
    let reached = span.start;
    for (const child of tree.children[index]!) {
      const { start, duration } = spans[child]!;
      const from = Math.max(start, reached);
      const to = Math.min(start + (duration ?? 0), end);
      if (to <= from) continue;
      covered += to - from;
      reached = to;
    }
    return span.duration - covered;
  });
}

/** Of values in any order. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
