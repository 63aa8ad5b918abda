// The share of clients' time that passes through each edge that is drawn, by the edges of the server.
import type { CriticalPaths } from '../api/generated/CriticalPaths';
import type { Scene } from './view/scene';
import type { Width } from './metric';

/** By the ids of drawn edges: those of boxes have what passes through their members. */
export function sharesOf(paths: CriticalPaths, width: Exclude<Width, 'rate'>, { boxOf }: Pick<Scene, 'boxOf'>): Map<string, number> {
  const shares = new Map<string, number>();
  for (const edge of paths.edges) {
    const source = boxOf.get(edge.source) ?? edge.source;
    const target = boxOf.get(edge.target) ?? edge.target;
    if (source === target && edge.source !== edge.target) continue;
    const id = source === edge.source && target === edge.target ? edge.id : `${source}>${target}`;
    shares.set(id, Math.min(1, (shares.get(id) ?? 0) + edge[width].through));
  }
  return shares;
}
