// Focus mode: a node with its callers and callees to some depth, and nothing else.
import type { Edge } from '../../api/generated/Edge';
import { only, type Scene } from './scene';

export const DEEPEST = 4;

/** Callers of callers and callees of callees; not the other callees of a caller. */
export function within(edges: readonly Edge[], id: string, depth: number): Set<string> {
  const reached = new Set([id]);
  for (const [from, to] of [['target', 'source'], ['source', 'target']] as const) {
    let front = new Set([id]);
    for (let step = 0; step < depth && front.size > 0; step += 1) {
      const next = new Set<string>();
      for (const edge of edges) if (front.has(edge[from]) && !reached.has(edge[to])) next.add(edge[to]);
      for (const one of next) reached.add(one);
      front = next;
    }
  }
  return reached;
}

export function focusOn(scene: Scene, id: string, depth: number): Scene {
  const near = within(scene.edges, id, depth);
  return only(scene, (node) => near.has(node.id));
}
