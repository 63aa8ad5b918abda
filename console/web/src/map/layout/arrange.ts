// Places the nodes of a map: dagre finds ranks and order, then ranks that are too tall are wrapped to fit the window.
import { Graph, layout } from '@dagrejs/dagre';

export interface Point {
  x: number;
  y: number;
}

export interface ArrangeRequest {
  nodes: string[];
  edges: [source: string, target: string][];
  /** Those who call from outside; they stand in the first column. */
  clients: string[];
  /** Width over height of the window that the map has to fill. */
  ratio: number;
}

export const CELL = { width: 168, height: 132 };
/** Small maps keep dagre's own positions, which are calmer than a grid. */
const WRAP_ABOVE = 12;
const SWEEPS = 6;

export function arrange({ nodes, edges, clients, ratio }: ArrangeRequest): Map<string, Point> {
  const placed = dagrePositions(nodes, edges);
  leftmost(placed, clients);
  if (nodes.length <= WRAP_ABOVE) return placed;
  const ranks = ranksOf(placed);
  reorder(ranks, edges);
  return wrap(ranks, ratio);
}

function dagrePositions(nodes: string[], edges: [string, string][]): Map<string, Point> {
  const graph = new Graph();
  // dagre's default ranker needs minutes at 1,000 nodes, tight-tree seconds.
  graph.setGraph({ rankdir: 'LR', ranker: 'tight-tree', nodesep: 44, ranksep: 84, edgesep: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of nodes) graph.setNode(id, { width: CELL.width - 84, height: CELL.height - 44 });
  for (const [source, target] of edges) if (source !== target) graph.setEdge(source, target);
  layout(graph);
  const placed = new Map<string, Point>();
  for (const id of nodes) {
    const { x, y } = graph.node(id) as Point;
    placed.set(id, { x, y });
  }
  return placed;
}

/** dagre puts whoever calls a late node right before it; a client belongs to the left edge, near its old row. */
function leftmost(placed: Map<string, Point>, clients: string[]): void {
  const x = Math.min(...[...placed.values()].map((point) => point.x));
  const column = [...placed].filter(([id, point]) => point.x === x || clients.includes(id)).sort(([, a], [, b]) => a.y - b.y);
  let free = -Infinity;
  for (const [id, point] of column) {
    const y = Math.max(point.y, free);
    placed.set(id, { x, y });
    free = y + CELL.height;
  }
}

/** Columns from left to right, each from top to bottom. */
function ranksOf(placed: Map<string, Point>): string[][] {
  const columns = new Map<number, string[]>();
  const ordered = [...placed].sort(([, a], [, b]) => a.x - b.x || a.y - b.y);
  for (const [id, { x }] of ordered) {
    const key = Math.round(x);
    columns.set(key, [...(columns.get(key) ?? []), id]);
  }
  return [...columns.values()];
}

/** Barycentre sweeps: each node moves to the mean row of its neighbours. */
function reorder(ranks: string[][], edges: [string, string][]): void {
  const neighbours = new Map<string, string[]>();
  for (const [source, target] of edges) {
    neighbours.set(source, [...(neighbours.get(source) ?? []), target]);
    neighbours.set(target, [...(neighbours.get(target) ?? []), source]);
  }
  const row = new Map<string, number>();
  const number = (rank: string[]) => rank.forEach((id, index) => row.set(id, (index + 0.5) / rank.length));
  ranks.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const order = sweep % 2 === 0 ? ranks : [...ranks].reverse();
    for (const rank of order) {
      const wish = new Map(
        rank.map((id) => {
          const rows = (neighbours.get(id) ?? []).map((other) => row.get(other) ?? 0.5);
          return [id, rows.length === 0 ? row.get(id)! : rows.reduce((sum, value) => sum + value, 0) / rows.length];
        }),
      );
      rank.sort((a, b) => wish.get(a)! - wish.get(b)!);
      number(rank);
    }
  }
}

function wrap(ranks: string[][], ratio: number): Map<string, Point> {
  const cap = bestCap(ranks, ratio);
  const placed = new Map<string, Point>();
  let column = 0;
  for (const rank of ranks) {
    const width = Math.ceil(rank.length / cap);
    const rows = Math.ceil(rank.length / width);
    rank.forEach((id, index) => {
      const sub = index % width;
      const row = Math.floor(index / width) - (rows - 1) / 2;
      // Staggered, so that edges into a later sub-column pass between two rings.
      const stagger = width > 1 ? ((sub % 2) - 0.5) * 0.5 : 0;
      placed.set(id, { x: (column + sub) * CELL.width, y: (row + stagger) * CELL.height });
    });
    column += width;
  }
  return placed;
}

/** Rows per column that bring the whole picture closest to the window's shape. */
export function bestCap(ranks: string[][], ratio: number): number {
  const tallest = Math.max(...ranks.map((rank) => rank.length));
  let best = tallest;
  let least = Infinity;
  for (let cap = 2; cap <= tallest; cap += 1) {
    const columns = ranks.reduce((sum, rank) => sum + Math.ceil(rank.length / cap), 0);
    const shape = (columns * CELL.width) / ((cap + 0.5) * CELL.height);
    const off = Math.abs(Math.log(shape / ratio));
    if (off < least) [best, least] = [cap, off];
  }
  return best;
}
