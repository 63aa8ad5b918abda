// Which nodes and edges to light: the way of a failure up to the client, or the neighbours of a node.
import type { Edge } from '../api/generated/Edge';
import type { Graph } from '../api/generated/Graph';

export interface Lit {
  nodes: Set<string>;
  edges: Set<string>;
  isFault: boolean;
}

function failed(edge: Edge): boolean {
  return edge.stats.fault + edge.stats.error + edge.stats.throttle > 0;
}

/** From the origin against the direction of calls, along edges on which the caller saw failures. */
export function faultPath(graph: Graph, origin: string, affected?: readonly string[]): Lit {
  const isClient = new Set(graph.nodes.filter((node) => node.role === 'client').map((node) => node.id));
  const allowed = affected && affected.length > 0 ? new Set([origin, ...affected]) : undefined;
  const lit: Lit = { nodes: new Set([origin]), edges: new Set(), isFault: true };
  const queue = [origin];
  while (queue.length > 0) {
    const target = queue.shift()!;
    for (const edge of graph.edges) {
      if (edge.target !== target) continue;
      const comesFromClient = isClient.has(edge.source);
      if (!comesFromClient && allowed && !allowed.has(edge.source)) continue;
      if (!failed(edge) && !(comesFromClient && lit.nodes.has(edge.target))) continue;
      lit.edges.add(edge.id);
      if (lit.nodes.has(edge.source)) continue;
      lit.nodes.add(edge.source);
      queue.push(edge.source);
    }
  }
  return lit;
}

export function neighbourhood(graph: Graph, id: string): Lit {
  const lit: Lit = { nodes: new Set([id]), edges: new Set(), isFault: false };
  for (const edge of graph.edges) {
    if (edge.source !== id && edge.target !== id) continue;
    lit.edges.add(edge.id);
    lit.nodes.add(edge.source).add(edge.target);
  }
  return lit;
}

export function litFor(graph: Graph, id: string): Lit {
  const node = graph.nodes.find((one) => one.id === id);
  if (node === undefined || node.stats.fault === 0) return neighbourhood(graph, id);
  const lit = faultPath(graph, id);
  followDown(graph, id, lit);
  return lit;
}

/** From a failing node along the edge with the largest share of faults, down to one whose own callees are well: the root cause. */
function followDown(graph: Graph, from: string, lit: Lit): void {
  const share = (edge: Edge) => (edge.stats.total === 0 ? 0 : edge.stats.fault / edge.stats.total);
  let at = from;
  for (;;) {
    const worst = graph.edges
      .filter((edge) => edge.source === at && edge.stats.fault > 0 && !lit.nodes.has(edge.target))
      .sort((a, b) => share(b) - share(a))[0];
    if (worst === undefined) return;
    lit.edges.add(worst.id);
    lit.nodes.add(worst.target);
    at = worst.target;
  }
}
