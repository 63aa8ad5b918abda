// A replay puts the counts of one moment into the graph: nobody moves, only rings and edges change.
import type { Graph } from '../api/generated/Graph';
import type { NowEntry } from '../api/generated/NowEntry';
import type { Replay } from '../api/generated/Replay';
import type { ReplayCount } from '../api/generated/ReplayCount';
import type { Stats } from '../api/generated/Stats';

const IDLE: Stats = { ok: 0, error: 0, throttle: 0, fault: 0, total: 0 };

function statsOf(ids: string[], counts: ReplayCount[]): Map<string, Stats> {
  return new Map(
    counts.map(([index, ok, error, throttle, fault, average]) => [
      ids[index]!,
      { ok, error, throttle, fault, total: ok + error + throttle + fault, average },
    ]),
  );
}

export function frameOf(graph: Graph, replay: Replay, index: number): Graph {
  const frame = replay.frames[index];
  if (frame === undefined) return graph;
  const nodes = statsOf(replay.nodes, frame.nodes);
  const edges = statsOf(replay.edges, frame.edges);
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, stats: nodes.get(node.id) ?? IDLE })),
    edges: graph.edges.map((edge) => ({ ...edge, stats: edges.get(edge.id) ?? IDLE })),
  };
}

export interface Onset {
  id: string;
  /** Start of the first frame with a fault. */
  at: number;
  /** Faults until the end of the frame asked for. */
  faults: number;
}

/** In which order nodes began to fail. Of those that began in one frame, origins come before their victims. */
export function onsets(replay: Replay, entries: readonly Pick<NowEntry, 'nodeId' | 'affected'>[], through = replay.frames.length - 1): Onset[] {
  const place = new Map<string, number>();
  for (const entry of entries) [entry.nodeId, ...entry.affected].forEach((id, index) => place.set(id, Math.min(index, place.get(id) ?? index)));
  const rank = (id: string) => place.get(id) ?? place.size;
  const found = new Map<string, Onset>();
  replay.frames.slice(0, through + 1).forEach((frame, index) => {
    for (const [node, , , , fault] of frame.nodes) {
      if (fault === 0) continue;
      const id = replay.nodes[node]!;
      const known = found.get(id);
      if (known) known.faults += fault;
      else found.set(id, { id, at: replay.from + index * replay.step, faults: fault });
    }
  });
  return [...found.values()].sort((a, b) => a.at - b.at || rank(a.id) - rank(b.id) || b.faults - a.faults || a.id.localeCompare(b.id));
}
