// The stretch of time that the waterfall shows, as numbers, as text in the address, and as keys move it.

/** From and to in milliseconds; nothing while everything shows. */
export type Zoom = readonly [from: number, to: number] | undefined;

/** A nanosecond is the least that a clock tells. */
const LEAST_MS = 0.001;
const STEP = 0.25;
const FACTOR = 1.5;

export function parseZoom(text: string | null | undefined, extent: number): Zoom {
  const [from, to] = (text ?? '').split('~').map(Number);
  if (from === undefined || to === undefined || !Number.isFinite(from) || !Number.isFinite(to)) return undefined;
  return settled(from * extent, to * extent, extent);
}

/** Shares of the whole, so that the text means the same while a trace still grows; enough digits for a microsecond in a minute. */
export function printZoom(zoom: Zoom, extent: number): string | undefined {
  return zoom && zoom.map((edge) => Number((edge / extent).toFixed(9))).join('~');
}

/** Inside of the picture, and nothing where it is all of it. */
function settled(from: number, to: number, extent: number): Zoom {
  const start = Math.max(0, from);
  const end = Math.min(extent, to);
  if (!(end - start >= LEAST_MS) || (start <= 0 && end >= extent)) return undefined;
  return [start, end];
}

/** `by` as a share of what is shown; the window keeps its length at the edges. */
export function panned(zoom: Zoom, extent: number, direction: -1 | 1): Zoom {
  if (!zoom) return zoom;
  const [from, to] = zoom;
  const by = direction * STEP * (to - from);
  const shift = Math.max(-from, Math.min(extent - to, by));
  return settled(from + shift, to + shift, extent);
}

/** Around an instant, which keeps its place. */
export function zoomed(zoom: Zoom, extent: number, direction: 'in' | 'out', around?: number): Zoom {
  const [from, to] = zoom ?? [0, extent];
  const centre = around ?? (from + to) / 2;
  const factor = direction === 'in' ? 1 / FACTOR : FACTOR;
  if (direction === 'in' && (to - from) * factor < LEAST_MS) return zoom;
  // What would lie outside is shown on the other side instead.
  const [start, end] = [centre - (centre - from) * factor, centre + (to - centre) * factor];
  const shift = Math.max(0, -start) + Math.min(0, extent - end);
  return settled(start + shift, end + shift, extent);
}

/** A span with some room at its sides. */
export function zoomTo(start: number, length: number, extent: number): Zoom {
  const room = Math.max(length * 0.06, LEAST_MS);
  return settled(start - room, start + length + room, extent);
}

/** Round values for the time axis. */
export function ticksOf(from: number, to: number, most: number): number[] {
  const rough = (to - from) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-6)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? power * 10;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step - 1e-9); at * step <= to + step * 1e-6; at += 1) ticks.push(at * step);
  return ticks;
}
