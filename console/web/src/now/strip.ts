// Where the strip of time begins and ends, and how the window on it moves.
export interface Bounds {
  from: number;
  to: number;
}

/** The strip is so many times as long as the window. */
const TIMES = 4;
/** Longest range that the server answers, less a day for rounding. */
const LONGEST_MS = 30 * 86_400_000;
/** A window narrower or wider than these parts of the strip asks for another strip. */
const NARROWEST = 1 / 30;
const WIDEST = 0.7;

/** A strip around the window: to the right as far as there is time, and where the window fits, the strip stays. */
export function stripFor(window: Bounds, now: number, before?: Bounds): Bounds {
  const length = window.to - window.from;
  if (before && window.from >= before.from && window.to <= before.to) {
    const part = length / (before.to - before.from);
    if (part >= NARROWEST && part <= WIDEST) return before;
  }
  const span = Math.min(LONGEST_MS, length * TIMES);
  const to = Math.min(Math.max(now, window.to), window.to + (span - length) / 2);
  return { from: to - span, to };
}

/** The window moved by so many steps, inside the strip. */
export function moved(window: Bounds, by: number, strip: Bounds): Bounds {
  const length = window.to - window.from;
  const from = Math.max(strip.from, Math.min(strip.to - length, window.from + by));
  return { from, to: from + length };
}

/** From pixels to whole steps, at least one. */
export function snapped(from: number, to: number, step: number): Bounds {
  const start = Math.round(from / step) * step;
  return { from: start, to: Math.max(start + step, Math.round(to / step) * step) };
}

/** Bars that an axis has room for at least, however little time there is data of. */
const LEAST_BARS = 12;

/** The part of a strip that is worth drawing: from shortly before the first data on, until data fills it. */
export function filled(strip: Bounds, first: number | undefined, step: number): Bounds {
  if (first === undefined || first <= strip.from) return strip;
  const shown = Math.max(LEAST_BARS * step, (strip.to - first) * 1.05);
  return { from: Math.max(strip.from, strip.to - shown), to: strip.to };
}
