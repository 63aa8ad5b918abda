// The critical path as the waterfall draws it: for each row the times in which the trace waited for it.
import type { CriticalPath } from '../api/generated/CriticalPath';
import { share } from '../quantity';

export type Stretch = readonly [from: number, to: number];

/** Shares in the headline; the rest is many small things. */
const MOST_SHARES = 3;
const LEAST_SHARE = 0.01;

/** Stretches of the path by the span that they belong to. */
export function stretchesOf(path: CriticalPath): Map<number, Stretch[]> {
  const found = new Map<number, Stretch[]>();
  for (const [span, from, to] of path.steps) {
    const list = found.get(span);
    if (list) list.push([from, to]);
    else found.set(span, [[from, to]]);
  }
  return found;
}

/** Stretches of a row that stands for several spans, `from` to before `to` in drawing order, joined where they touch. */
export function stretchesWithin(path: CriticalPath, first: number, end: number): Stretch[] {
  const found: [number, number][] = [];
  for (const [span, from, to] of path.steps) {
    if (span < first || span >= end) continue;
    const last = found.at(-1);
    if (last && from <= last[1] + 1e-6) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

export interface Holdup {
  name: string;
  isNetwork: boolean;
  share: number;
  text: string;
}

/** Who kept the trace waiting, the longest first. */
export function holdupsOf(path: CriticalPath): Holdup[] {
  if (path.length <= 0) return [];
  return path.shares
    .filter(({ time }, index) => index === 0 || time / path.length >= LEAST_SHARE)
    .slice(0, MOST_SHARES)
    .map(({ service, time }) => ({
      name: service ?? 'network',
      isNetwork: service == null,
      share: time / path.length,
      text: `${service ?? 'network'} ${share(time / path.length)}`,
    }));
}
