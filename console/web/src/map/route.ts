// The way of an edge around what stands between its ends: rings of other nodes, and the names below them.
import { curve, type Curve, type End } from './curve';

type Point = Curve['middle'];
type Cubic = readonly [Point, Point, Point, Point];

/** Between a ring and the end of a line. */
const RIM_GAP = 6;
/** A line that is nearer than this to a ring seems to touch it. */
const CLEAR = 8;
/** The name below a ring, from its rim on. */
const NAME = { half: 42, from: 8, to: 38 };
/** How far a bow or a lane leaves the straight line, in map units: rings are 132 apart, so half of that lies between two rows. */
const BOWS = [28, -28, 52, -52, 80, -80, 120, -120, 170, -170];
const LANES = [40, -40, 58, -58, 72, -72, 100, -100, 140, -140, 190, -190];
/** What crossing costs, and what a unit of detour does: around a ring at any price, around a name where it is near. */
const COST = { ring: 10_000, name: 40, away: 0.4 };
const SAMPLES = 14;
/** How far a corner stands from the ring that it goes around, and how many of them a way has at most. */
const CORNER = 12;
const MOST_CORNERS = 14;

/** An edge as pieces, and what stands in its way. */
interface Way {
  pieces: Cubic[];
  away: number;
}

/** The usual curve where it is free, else the nearest way that is; where none is, the one that crosses least. */
export function route(from: End, to: End, others: readonly End[], gap = 5): Curve {
  const usual = curve(from, to, gap);
  const near = others.filter((other) => isBetween(from, to, other));
  let best: { cost: number; curve: Curve } = { cost: costOf(pieceOf(usual.path), near), curve: usual };
  if (best.cost < COST.name || near.length === 0) return usual;
  const consider = (way: Way) => {
    const cost = costOf(way.pieces, near) + Math.abs(way.away) * COST.away;
    if (cost < best.cost) best = { cost, curve: drawn(way.pieces) };
  };
  waysOf(from, to, gap).forEach(consider);
  if (best.cost >= COST.ring) for (const side of [0, 1, -1] as const) consider(stepsAround(from, to, gap, near, side));
  return best.curve;
}

/** Corners around what is in the way, one ring after the other, rounded; `side` 0 is the nearer one of each ring. */
function stepsAround(from: End, to: End, gap: number, others: readonly End[], side: -1 | 0 | 1): Way {
  const points: Point[] = [from, to];
  for (let at = 0, tries = 0; at < points.length - 1 && tries < MOST_CORNERS; ) {
    const [a, b] = [points[at]!, points[at + 1]!];
    const hit = firstHit(a, b, others);
    if (hit === undefined) at += 1;
    else {
      tries += 1;
      const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
      const across = { x: -(b.y - a.y) / length, y: (b.x - a.x) / length };
      const off = (hit.x - a.x) * across.x + (hit.y - a.y) * across.y;
      const sign = side === 0 ? (off > 0 ? -1 : 1) : side;
      const away = sign * (hit.radius + CLEAR + CORNER);
      points.splice(at + 1, 0, { x: hit.x + across.x * away, y: hit.y + across.y * away });
    }
  }
  const [second, beforeLast] = [points[1]!, points.at(-2)!];
  points[0] = rim(from, second, RIM_GAP);
  points[points.length - 1] = rim(to, beforeLast, RIM_GAP + gap);
  const pieces = points.slice(1).map((end, index): Cubic => {
    const start = points[index]!;
    const [before, after] = [points[index - 1] ?? start, points[index + 2] ?? end];
    const bend = 0.16;
    return [
      start,
      { x: start.x + (end.x - before.x) * bend, y: start.y + (end.y - before.y) * bend },
      { x: end.x - (after.x - start.x) * bend, y: end.y - (after.y - start.y) * bend },
      end,
    ];
  });
  return { pieces, away: points.length * CORNER };
}

/** The ring that a straight line meets first. */
function firstHit(a: Point, b: Point, others: readonly End[]): End | undefined {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  let first: { along: number; ring: End } | undefined;
  for (const ring of others) {
    const along = ((ring.x - a.x) * (b.x - a.x) + (ring.y - a.y) * (b.y - a.y)) / (length || 1);
    const off = Math.abs((ring.x - a.x) * (b.y - a.y) - (ring.y - a.y) * (b.x - a.x)) / (length || 1);
    if (along > 0 && along < length && off < ring.radius + CLEAR && (first === undefined || along < first.along)) first = { along, ring };
  }
  return first?.ring;
}

/** Where a line leaves a ring on its way to a point. */
function rim(end: End, towards: Point, by: number): Point {
  const apart = Math.hypot(towards.x - end.x, towards.y - end.y) || 1;
  return { x: end.x + ((towards.x - end.x) / apart) * (end.radius + by), y: end.y + ((towards.y - end.y) / apart) * (end.radius + by) };
}

/** Whether any way that is tried could come near. */
function isBetween(from: End, to: End, { x, y }: End): boolean {
  const reach = 240;
  return x > Math.min(from.x, to.x) - reach && x < Math.max(from.x, to.x) + reach && y > Math.min(from.y, to.y) - reach && y < Math.max(from.y, to.y) + reach;
}

function waysOf(from: End, to: End, gap: number): Way[] {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length === 0) return [];
  const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  const at = (part: number, away: number): Point => ({
    x: from.x + along.x * part * length - along.y * away,
    y: from.y + along.y * part * length + along.x * away,
  });
  const bows = BOWS.map((away): Way => {
    const [b, c] = [at(0.3, away), at(0.7, away)];
    return { pieces: [[rim(from, b, RIM_GAP), b, c, rim(to, c, RIM_GAP + gap)]], away };
  });
  // Out, along between two rows, and back in.
  const ramp = Math.min(0.4, 110 / length);
  const lanes = LANES.map((away): Way => {
    const [out, back] = [at(ramp, away), at(1 - ramp, away)];
    const [leave, arrive] = [at(ramp * 0.35, away * 0.6), at(1 - ramp * 0.35, away * 0.6)];
    return {
      pieces: [
        [rim(from, leave, RIM_GAP), leave, at(ramp * 0.55, away), out],
        [out, at(ramp + (1 - 2 * ramp) / 3, away), at(1 - ramp - (1 - 2 * ramp) / 3, away), back],
        [back, at(1 - ramp * 0.55, away), arrive, rim(to, arrive, RIM_GAP + gap)],
      ],
      away: away * 1.2,
    };
  });
  return [...bows, ...lanes];
}

function pieceOf(path: string): Cubic[] {
  const numbers = path.match(/-?[\d.]+/g)!.map(Number);
  const at = (index: number): Point => ({ x: numbers[2 * index]!, y: numbers[2 * index + 1]! });
  return [[at(0), at(1), at(2), at(3)]];
}

function pointOf([a, b, c, d]: Cubic, t: number): Point {
  const u = 1 - t;
  const [p, q, r, s] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return { x: p * a.x + q * b.x + r * c.x + s * d.x, y: p * a.y + q * b.y + r * c.y + s * d.y };
}

/** Each ring and each name counts once, however long the line stays in it. */
function costOf(pieces: readonly Cubic[], others: readonly End[]): number {
  const samples = pieces.flatMap((piece) => {
    const [a, , , d] = piece;
    // Long pieces need more samples, or a ring fits between two.
    const amount = Math.max(SAMPLES, Math.ceil(Math.hypot(d.x - a.x, d.y - a.y) / 16));
    return Array.from({ length: amount + 1 }, (_, index) => pointOf(piece, index / amount));
  });
  let cost = 0;
  for (const { x, y, radius } of others) {
    if (samples.some((point) => Math.hypot(point.x - x, point.y - y) < radius + CLEAR)) cost += COST.ring;
    else if (samples.some((point) => Math.abs(point.x - x) < NAME.half && point.y > y + radius + NAME.from && point.y < y + radius + NAME.to)) cost += COST.name;
  }
  return cost;
}

function drawn(pieces: readonly Cubic[]): Curve {
  const n = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const path = `M${n(pieces[0]![0])}${pieces.map(([, b, c, d]) => `C${n(b)} ${n(c)} ${n(d)}`).join('')}`;
  const middle = pointOf(pieces[Math.floor(pieces.length / 2)]!, 0.5);
  return { path, middle };
}

/** How many rings a line goes through; for tests and for judging a picture. */
export function crossed(path: string, others: readonly End[]): number {
  const [head, ...rest] = path.split('C');
  let start = head!.slice(1);
  const pieces = rest.map((part): Cubic => {
    const [piece] = pieceOf(`M${start}C${part}`);
    start = part.trim().split(' ').slice(-2).join(' ');
    return piece!;
  });
  return Math.floor(costOf(pieces, others) / COST.ring);
}
