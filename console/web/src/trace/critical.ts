// The critical path as the waterfall draws it: for each row the times in which the trace waited for it.
import type { CriticalPath } from '../api/generated/CriticalPath';
import { shortName } from '../map/display-name';
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

/** The same of a call's row, which stands for its twin as well. */
export function withTwin(own: readonly Stretch[] = [], twin: readonly Stretch[] = []): Stretch[] {
  return joined([...own, ...twin].sort(([a], [b]) => a - b));
}

function joined(stretches: Iterable<Stretch>): Stretch[] {
  const found: [number, number][] = [];
  for (const [from, to] of stretches) {
    const last = found.at(-1);
    if (last && from <= last[1] + 1e-6) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

/** Stretches of a row that stands for several spans, `from` to before `to` in drawing order, joined where they touch. */
export function stretchesWithin(path: CriticalPath, first: number, end: number): Stretch[] {
  return joined(path.steps.flatMap(([span, from, to]): Stretch[] => (span < first || span >= end ? [] : [[from, to]])));
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
      text: `${service == null ? 'network' : shortName(service)} ${share(time / path.length)}`,
    }));
}
