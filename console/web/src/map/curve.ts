// The line of an edge: a cubic curve from the rim of one ring to the rim of the other.
/** Between a ring and the end of a line. */
const RIM_GAP = 6;
const STEEPEST = Math.PI / 3;

export interface Curve {
  path: string;
  /** Where a label stands. */
  middle: { x: number; y: number };
}

/** A centre of a node with its radius, all in map units. */
export interface End {
  x: number;
  y: number;
  radius: number;
}

export function curve(from: End, to: End, gap = 5): Curve {
  const { x: x1, y: y1 } = from;
  const { x: x2, y: y2 } = to;
  const dx = x2 - x1;
  const dy = y2 - y1;
  if (dx < 54) return detour(from, to, gap);
  const lean = Math.max(-STEEPEST, Math.min(STEEPEST, Math.atan2(dy, dx)));
  const start = { x: x1 + (from.radius + RIM_GAP) * Math.cos(lean), y: y1 + (from.radius + RIM_GAP) * Math.sin(lean) };
  const rim = to.radius + RIM_GAP + gap;
  const end = { x: x2 - rim * Math.cos(lean), y: y2 - rim * Math.sin(lean) };
  const bend = (end.x - start.x) * 0.42;
  const tilt = Math.tan(lean) * bend * 0.35;
  return cubic(start, { x: start.x + bend, y: start.y + tilt }, { x: end.x - bend, y: end.y - tilt }, end);
}

/** To a node that stands straight above or below, or further left. */
function detour({ x: x1, y: y1, radius }: End, { x: x2, y: y2, radius: targetRadius }: End, gap: number): Curve {
  const rim = radius + RIM_GAP;
  const targetRim = targetRadius + RIM_GAP + gap;
  const side = y2 >= y1 ? 1 : -1;
  const lean = Math.atan2(y2 - y1, x2 - x1) - (side * Math.PI) / 6;
  const back = Math.atan2(y1 - y2, x1 - x2) + (side * Math.PI) / 6;
  const start = { x: x1 + rim * Math.cos(lean), y: y1 + rim * Math.sin(lean) };
  const end = { x: x2 + targetRim * Math.cos(back), y: y2 + targetRim * Math.sin(back) };
  const reach = Math.max(30, Math.hypot(end.x - start.x, end.y - start.y) * 0.35);
  return cubic(
    start,
    { x: start.x + reach * Math.cos(lean), y: start.y + reach * Math.sin(lean) },
    { x: end.x + reach * Math.cos(back), y: end.y + reach * Math.sin(back) },
    end,
  );
}

type Point = Curve['middle'];

function cubic(a: Point, b: Point, c: Point, d: Point): Curve {
  const at = (p: number, q: number, r: number, s: number) => (p + 3 * q + 3 * r + s) / 8;
  const n = (value: number) => value.toFixed(1);
  return {
    path: `M${n(a.x)} ${n(a.y)}C${n(b.x)} ${n(b.y)} ${n(c.x)} ${n(c.y)} ${n(d.x)} ${n(d.y)}`,
    middle: { x: at(a.x, b.x, c.x, d.x), y: at(a.y, b.y, c.y, d.y) },
  };
}
