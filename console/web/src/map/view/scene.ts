// What is drawn: the graph of the server after hiding, focusing, folding and collapsing, with boxes for what is folded.
import type { Edge } from '../../api/generated/Edge';
import type { Graph } from '../../api/generated/Graph';
import type { Node } from '../../api/generated/Node';
import type { Stats } from '../../api/generated/Stats';

export interface Box {
  /** What the address bar says when it is open. */
  key: string;
  /** Ids of the nodes in it, worst first. */
  members: string[];
  /** The name of the worst member, where one has trouble. */
  worst?: string;
  /** Opened in place, it gives way to its members; what does not fit stays in a box that cannot be opened. */
  canOpen: boolean;
}

export interface SceneNode extends Node {
  box?: Box;
}

export interface Scene extends Omit<Graph, 'nodes'> {
  nodes: SceneNode[];
  /** Ids of the nodes whose fault it is. */
  origins: readonly string[];
  /** Of each node that is not drawn itself, the box that stands for it. */
  boxOf: Map<string, string>;
  /** Boxes that are open, with what is drawn in their place. */
  opened: { id: string; key: string; shown: string[] }[];
}

export function sceneOf(graph: Graph, origins: readonly string[]): Scene {
  return { ...graph, origins, boxOf: new Map(), opened: [] };
}

/** The same scene with only some of its nodes, and the edges between them. */
export function only(scene: Scene, keep: (node: SceneNode) => boolean): Scene {
  const nodes = scene.nodes.filter(keep);
  const ids = new Set(nodes.map((node) => node.id));
  return { ...scene, nodes, edges: scene.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)) };
}

/** Counts add up, and so does the mean; percentiles of several nodes cannot be told from theirs. */
export function sumOf(all: Stats[]): Stats {
  const sum: Stats = { ok: 0, error: 0, throttle: 0, fault: 0, total: 0 };
  let time = 0;
  for (const stats of all) {
    sum.ok += stats.ok;
    sum.error += stats.error;
    sum.throttle += stats.throttle;
    sum.fault += stats.fault;
    sum.total += stats.total;
    time += (stats.average ?? 0) * stats.total;
  }
  if (sum.total > 0) sum.average = time / sum.total;
  return sum;
}

/** Nodes give way to boxes: edges to and from them become edges of the box, summed. */
export function folded(scene: Scene, boxes: SceneNode[]): Scene {
  if (boxes.length === 0) return scene;
  const boxOf = new Map(scene.boxOf);
  for (const box of boxes) for (const member of box.box!.members) boxOf.set(member, box.id);
  const nodes = [...scene.nodes.filter((node) => !boxOf.has(node.id)), ...boxes];
  const merged = new Map<string, Edge[]>();
  for (const edge of scene.edges) {
    const source = boxOf.get(edge.source) ?? edge.source;
    const target = boxOf.get(edge.target) ?? edge.target;
    if (source === target && edge.source !== edge.target) continue;
    const id = source === edge.source && target === edge.target ? edge.id : `${source}${edge.isLink ? '>>' : '>'}${target}`;
    const before = merged.get(id);
    const moved = { ...edge, id, source, target };
    if (before) before.push(moved);
    else merged.set(id, [moved]);
  }
  const edges = [...merged.values()].map((several) =>
    several.length === 1 ? several[0]! : { ...several[0]!, aliases: [], stats: sumOf(several.map((edge) => edge.stats)) },
  );
  return { ...scene, nodes, edges, boxOf };
}
