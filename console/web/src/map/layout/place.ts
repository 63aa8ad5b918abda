// Puts the few nodes that are new beside what they are connected to, so that the rest of the map stays where it was.
import { CELL, type Point } from './arrange';

/** Above this share of new nodes, a fresh layout reads better than patches. */
const PATCH_SHARE = 0.25;

export function canPatch(known: Map<string, Point>, nodes: string[]): boolean {
  const added = nodes.filter((id) => !known.has(id)).length;
  return known.size > 0 && added <= Math.max(1, Math.floor(nodes.length * PATCH_SHARE));
}

/** Every node gets a place; `edges` are in order of strength, strongest first. */
export function patch(known: Map<string, Point>, nodes: string[], edges: [string, string][]): Map<string, Point> {
  const placed = new Map(nodes.flatMap((id) => (known.has(id) ? [[id, known.get(id)!] as const] : [])));
  let waiting = nodes.filter((id) => !placed.has(id));
  while (waiting.length > 0) {
    const id = waiting.find((one) => edges.some(([a, b]) => (a === one && placed.has(b)) || (b === one && placed.has(a))));
    const next = id ?? waiting[0]!;
    placed.set(next, freeSpot(placed, wishFor(next, placed, edges)));
    waiting = waiting.filter((one) => one !== next);
  }
  return placed;
}

function wishFor(id: string, placed: Map<string, Point>, edges: [string, string][]): Point {
  for (const [source, target] of edges) {
    const caller = target === id ? placed.get(source) : undefined;
    if (caller) return { x: caller.x + CELL.width, y: caller.y };
    const callee = source === id ? placed.get(target) : undefined;
    if (callee) return { x: callee.x - CELL.width, y: callee.y };
  }
  const bottom = Math.max(0, ...[...placed.values()].map(({ y }) => y));
  return { x: 0, y: bottom + CELL.height };
}

/** The nearest spot in the same column that is not taken. */
function freeSpot(placed: Map<string, Point>, wish: Point): Point {
  const isFree = (y: number) =>
    ![...placed.values()].some((point) => Math.abs(point.x - wish.x) < 110 && Math.abs(point.y - y) < CELL.height - 22);
  for (let step = 0; step < 400; step += 1) {
    const away = Math.ceil(step / 2) * (CELL.height / 4) * (step % 2 === 0 ? 1 : -1);
    if (isFree(wish.y + away)) return { x: wish.x, y: wish.y + away };
  }
  return wish;
}
