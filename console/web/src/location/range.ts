// A time range as it stands in the address bar: an ISO duration back from now, or two instants.
export interface RelativeRange {
  kind: 'relative';
  text: string;
  lengthMs: number;
}

export interface AbsoluteRange {
  kind: 'absolute';
  text: string;
  from: number;
  to: number;
}

export type Range = RelativeRange | AbsoluteRange;

const UNIT_MS: Record<string, number> = { W: 604_800_000, D: 86_400_000, H: 3_600_000, M: 60_000, S: 1000 };
const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

export const DEFAULT_RANGE = 'PT30M';

function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const total = ['W', 'D', 'H', 'M', 'S'].reduce(
    (sum, unit, index) => sum + Number(match[index + 1] ?? 0) * UNIT_MS[unit]!,
    0,
  );
  return total > 0 ? total : undefined;
}

export function parseRange(text: string | null | undefined): Range {
  if (text?.includes('~')) {
    // Links in messages have epoch milliseconds.
    const [from, to] = text.split('~').map((part) => (/^\d+$/.test(part) ? Number(part) : Date.parse(part)));
    if (from !== undefined && to !== undefined && from < to) return absolute(from, to);
  }
  const lengthMs = durationMs(text ?? '');
  if (text != null && lengthMs !== undefined) return { kind: 'relative', text, lengthMs };
  return { kind: 'relative', text: DEFAULT_RANGE, lengthMs: durationMs(DEFAULT_RANGE)! };
}

export function absolute(from: number, to: number): AbsoluteRange {
  const text = `${new Date(from).toISOString()}~${new Date(to).toISOString()}`;
  return { kind: 'absolute', text, from, to };
}

/** Half-open, as the API wants it. A relative range ends a second ahead, so that what arrives right now is inside. */
export function boundsOf(range: Range, now: number): { from: number; to: number } {
  if (range.kind === 'absolute') return { from: range.from, to: range.to };
  return { from: Math.floor(now - range.lengthMs), to: Math.ceil(now + 1000) };
}

export function lengthOf(range: Range): number {
  return range.kind === 'absolute' ? range.to - range.from : range.lengthMs;
}

/** Back from now for so long. */
export function relative(lengthMs: number): RelativeRange {
  let rest = Math.max(1, Math.round(lengthMs / 1000)) * 1000;
  const take = (unit: string) => {
    const amount = Math.floor(rest / UNIT_MS[unit]!);
    rest -= amount * UNIT_MS[unit]!;
    return amount === 0 ? '' : `${amount}${unit}`;
  };
  const days = take('D');
  const time = ['H', 'M', 'S'].map(take).join('');
  return { kind: 'relative', text: `P${days}${time === '' ? '' : `T${time}`}`, lengthMs };
}

/** How near to now, as a part of its length, a window counts as one that ends now. */
const NEAR = 0.1;

/** Half its length earlier or later. What would reach into the future, or nearly so, is relative again. */
export function shifted(range: Range, now: number, direction: -1 | 1): Range {
  const length = lengthOf(range);
  const to = range.kind === 'relative' ? now : range.to;
  if (direction === 1 && (range.kind === 'relative' || to + length / 2 >= now - length * NEAR)) return relative(length);
  const move = (direction * length) / 2;
  return absolute(Math.round(to - length + move), Math.round(to + move));
}

const SHORTEST_MS = 60_000;
const LONGEST_MS = 31 * 86_400_000;

/** Longer or shorter by a factor: a relative one at its beginning, an absolute one around its middle. */
export function scaled(range: Range, factor: number): Range {
  const length = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, lengthOf(range) * factor));
  if (range.kind === 'relative') return relative(length);
  const middle = (range.from + range.to) / 2;
  return absolute(Math.round(middle - length / 2), Math.round(middle + length / 2));
}
