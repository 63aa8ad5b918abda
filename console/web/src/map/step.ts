// Where an arrow key leads from a node: left to callers, right to callees, up and down among siblings.
import type { Edge } from '../api/generated/Edge';
import type { Point } from './layout/arrange';

export type Direction = 'left' | 'right' | 'up' | 'down';

export function step(from: string, direction: Direction, edges: readonly Edge[], placed: Map<string, Point>): string | undefined {
  const here = placed.get(from);
  if (here === undefined) return undefined;
  const candidates =
    direction === 'left'
      ? edges.filter((edge) => edge.target === from).map((edge) => edge.source)
      : direction === 'right'
        ? edges.filter((edge) => edge.source === from).map((edge) => edge.target)
        : siblings(here, direction, placed);
  let best: string | undefined;
  let least = Infinity;
  for (const id of candidates) {
    const there = placed.get(id);
    if (there === undefined || id === from) continue;
    const far = Math.hypot(there.x - here.x, (there.y - here.y) * 1.5);
    if (far < least) [best, least] = [id, far];
  }
  return best;
}

function siblings(here: Point, direction: Direction, placed: Map<string, Point>): string[] {
  return [...placed]
    .filter(([, { x, y }]) => Math.abs(x - here.x) < 100 && (direction === 'up' ? y < here.y : y > here.y))
    .map(([id]) => id);
}
