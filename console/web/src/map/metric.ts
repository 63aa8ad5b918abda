// Which response time a node shows and how large it is: choices of the map's toolbar, kept in the address bar.
import type { Node } from '../api/generated/Node';
import type { Stats } from '../api/generated/Stats';

export const METRICS = { avg: 'Average', p50: 'p50', p90: 'p90', p99: 'p99' } as const;
export type Metric = keyof typeof METRICS;

export const SIZES = { none: 'One size', traffic: 'By traffic', impact: 'By failures' } as const;
export type Size = keyof typeof SIZES;

/** What the width of an edge tells. */
export const WIDTHS = { rate: 'Edges by rate', p50: 'Edges by clients’ time, p50', p99: 'Edges by clients’ time, p99' } as const;
export type Width = keyof typeof WIDTHS;

export function widthIn(params: URLSearchParams): Width {
  const text = params.get('edges');
  return text !== null && text in WIDTHS ? (text as Width) : 'rate';
}

export function metricIn(params: URLSearchParams): Metric {
  const text = params.get('metric');
  return text !== null && text in METRICS ? (text as Metric) : 'p50';
}

export function sizeIn(params: URLSearchParams): Size {
  const text = params.get('size');
  return text !== null && text in SIZES ? (text as Size) : 'none';
}

export function timeOf(stats: Stats, metric: Metric): number | null | undefined {
  return metric === 'avg' ? stats.average : (stats[metric] ?? stats.average);
}

export const RADIUS = 30;
const SMALLEST = 24;
const LARGEST = 44;

function amountOf({ stats, role }: Node, size: Size): number {
  if (role === 'client') return 0;
  return size === 'traffic' ? stats.total : stats.fault + stats.error + stats.throttle;
}

/** Areas are in proportion, not radii: twice the traffic looks like twice as much. */
export function radiiOf(nodes: readonly Node[], size: Size): (node: Node) => number {
  if (size === 'none') return () => RADIUS;
  const most = Math.max(1, ...nodes.map((node) => amountOf(node, size)));
  return (node) => Math.round(Math.sqrt(SMALLEST ** 2 + (LARGEST ** 2 - SMALLEST ** 2) * (amountOf(node, size) / most)));
}
