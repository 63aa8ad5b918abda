// Which nodes and edges to light: the way of a failure up to the client, or the neighbours of a node.
import type { Edge } from '../api/generated/Edge';
import type { Graph } from '../api/generated/Graph';
import type { Scene } from './view/scene';

type Wiring = Pick<Graph, 'nodes' | 'edges'>;

export interface Lit {
  nodes: Set<string>;
  edges: Set<string>;
  isFault: boolean;
}

function failed(edge: Edge): boolean {
  return edge.stats.fault + edge.stats.error + edge.stats.throttle > 0;
}

/** From the origin against the direction of calls, along edges on which the caller saw failures. */
export function faultPath(graph: Wiring, origin: string, affected?: readonly string[]): Lit {
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

export function neighbourhood(graph: Wiring, id: string): Lit {
  const lit: Lit = { nodes: new Set([id]), edges: new Set(), isFault: false };
  for (const edge of graph.edges) {
    if (edge.source !== id && edge.target !== id) continue;
    lit.edges.add(edge.id);
    lit.nodes.add(edge.source).add(edge.target);
  }
  return lit;
}

/** Nothing, where what is selected is not drawn. */
export function litFor(graph: Wiring, id: string): Lit | undefined {
  const edge = graph.edges.find((one) => one.id === id);
  if (edge) return { nodes: new Set([edge.source, edge.target]), edges: new Set([id]), isFault: edge.stats.fault > 0 };
  const node = graph.nodes.find((one) => one.id === id);
  if (node === undefined) return undefined;
  if (node.stats.fault === 0 || node.role === 'client') return neighbourhood(graph, id);
  const lit = faultPath(graph, id);
  followDown(graph, id, lit);
  return lit;
}

const faultShare = ({ stats }: Edge) => (stats.total === 0 ? 0 : stats.fault / stats.total);

/** From a failing node along the edge with the largest share of faults, down to one whose own callees are well: the root cause. */
export function chainDown(graph: Wiring, from: string): Edge[] {
  const chain: Edge[] = [];
  const seen = new Set([from]);
  for (let at = from; ; ) {
    const worst = graph.edges
      .filter((edge) => edge.source === at && edge.stats.fault > 0 && !seen.has(edge.target))
      .sort((a, b) => faultShare(b) - faultShare(a) || b.stats.fault - a.stats.fault)[0];
    if (worst === undefined) return chain;
    chain.push(worst);
    seen.add(worst.target);
    at = worst.target;
  }
}

/** The way of a failure from the clients to the node where it began, along the callers that saw most of it. */
export function chainThrough(graph: Wiring, id: string): Edge[] {
  const down = chainDown(graph, id);
  const up: Edge[] = [];
  const seen = new Set([id, ...down.map((edge) => edge.target)]);
  for (let at = id; ; ) {
    const worst = graph.edges
      .filter((edge) => edge.target === at && edge.stats.fault > 0 && !seen.has(edge.source))
      .sort((a, b) => b.stats.fault - a.stats.fault)[0];
    if (worst === undefined) return [...up, ...down];
    up.unshift(worst);
    seen.add(worst.source);
    at = worst.source;
  }
}

function followDown(graph: Wiring, from: string, lit: Lit): void {
  for (const edge of chainDown(graph, from)) {
    lit.edges.add(edge.id);
    lit.nodes.add(edge.target);
  }
}

/** What is lit, told of the boxes in which some of it is. */
export function translated(lit: Lit, scene: Scene): Lit {
  if (scene.boxOf.size === 0) return lit;
  const nodes = new Set([...lit.nodes].map((id) => scene.boxOf.get(id) ?? id));
  const isBetween = (edge: Edge) => nodes.has(edge.source) && nodes.has(edge.target);
  const isBad = (edge: Edge) => !lit.isFault || failed(edge);
  return { ...lit, nodes, edges: new Set(scene.edges.filter((edge) => isBetween(edge) && isBad(edge)).map((edge) => edge.id)) };
}
