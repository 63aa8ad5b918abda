// The rows of the waterfall: which spans show, how they fold, and where faults stand.
import type { Span } from '../api/generated/Span';

export interface Row {
  /** Index into the trace's spans. */
  index: number;
  hasChildren: boolean;
  isFolded: boolean;
}

export interface Tree {
  /** Children of each span, by index, in drawing order. */
  children: number[][];
  roots: number[];
}

export function treeOf(spans: readonly Span[]): Tree {
  const children: number[][] = spans.map(() => []);
  const roots: number[] = [];
  spans.forEach((span, index) => {
    if (span.parent == null || children[span.parent] === undefined || span.parent === index) roots.push(index);
    else children[span.parent]!.push(index);
  });
  return { children, roots };
}

/** Visible rows: spans stand in drawing order, so folding one skips all that follow at a greater depth. */
export function rowsOf(spans: readonly Span[], tree: Tree, folded: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  let hiddenBelow = Infinity;
  spans.forEach((span, index) => {
    if (span.depth > hiddenBelow) return;
    hiddenBelow = Infinity;
    const hasChildren = tree.children[index]!.length > 0;
    const isFolded = hasChildren && folded.has(span.id);
    if (isFolded) hiddenBelow = span.depth;
    rows.push({ index, hasChildren, isFolded });
  });
  return rows;
}

export function ancestorsOf(spans: readonly Span[], index: number): string[] {
  const ids: string[] = [];
  let at = spans[index]?.parent;
  while (at != null && ids.length <= spans.length) {
    ids.push(spans[at]!.id);
    at = spans[at]!.parent;
  }
  return ids;
}

/** Spans that failed and tell why: those with exceptions, or else every span with a fault. */
export function faultsOf(spans: readonly Span[]): number[] {
  const failed = spans.flatMap((span, index) => (span.outcome === 'fault' ? [index] : []));
  const telling = failed.filter((index) => spans[index]!.exceptions > 0);
  return telling.length > 0 ? telling : failed;
}

/** Length of the whole picture in milliseconds; what is in progress ends at the last thing known. */
export function extentOf(spans: readonly Span[], duration: number | null | undefined): number {
  return spans.reduce((end, span) => Math.max(end, span.start + (span.duration ?? 0)), Math.max(duration ?? 0, 0.001));
}

/** Services in order of first appearance, so that two readers see the same colours. */
export function servicesOf(spans: readonly Span[]): Map<string, number> {
  const order = new Map<string, number>();
  for (const span of spans) if (!order.has(span.service)) order.set(span.service, order.size);
  return order;
}

/** Round values for the time axis. */
export function ticksOf(from: number, to: number, most: number): number[] {
  const rough = (to - from) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-6)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? power * 10;
  const ticks: number[] = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to + step * 1e-6; tick += step) ticks.push(tick);
  return ticks;
}
