// Opens a box in place: its members stand in a grid where it stood, and the others step aside, keeping their order.
import { CELL, type Point } from './arrange';

/** Wider than high, as windows are. */
const RATIO = 1.4;

export function inflate(placed: Map<string, Point>, box: string, members: readonly string[]): Map<string, Point> {
  const centre = placed.get(box);
  if (centre === undefined || members.length === 0) return placed;
  const columns = Math.max(1, Math.ceil(Math.sqrt((members.length * RATIO * CELL.height) / CELL.width)));
  const rows = Math.ceil(members.length / columns);
  const aside = { x: ((columns - 1) * CELL.width) / 2, y: ((rows - 1) * CELL.height) / 2 };
  const result = new Map<string, Point>();
  const inside = new Set(members);
  for (const [id, point] of placed) {
    if (id === box || inside.has(id)) continue;
    const dx = point.x - centre.x;
    const dy = point.y - centre.y;
    // Nodes beside the box move sideways; those straight above and below it move up and down.
    const isBeside = Math.abs(dx) >= CELL.width / 2;
    const isAbove = !isBeside;
    result.set(id, {
      x: point.x + (isBeside ? Math.sign(dx) * (aside.x + CELL.width * 0.25) : 0),
      y: point.y + (isAbove ? Math.sign(dy || 1) * (aside.y + CELL.height * 0.25) : 0),
    });
  }
  members.forEach((id, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns);
    // Where the reader put it, or its place in the grid.
    result.set(id, placed.get(id) ?? {
      x: centre.x + (column - (columns - 1) / 2) * CELL.width,
      y: centre.y + (row - (rows - 1) / 2) * CELL.height,
    });
  });
  return result;
}
