// Positions of the map's nodes: asked of the worker once, kept for the session, and left alone while only numbers change.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Graph } from '../../api/generated/Graph';
import type { ArrangeRequest, Point } from './arrange';
import { canPatch, patch } from './place';

type Positions = Map<string, Point>;

const STORAGE_KEY = 'fluoro.positions';

interface Kept {
  placed: Positions;
  /** Changes when the picture as a whole is new and should be fitted again. */
  generation: number;
}

function restore(): Positions {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]') as [string, Point][]);
  } catch {
    return new Map();
  }
}

function keep(placed: Positions): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify([...placed]));
  } catch {
    // Without storage the map is arranged anew at the next visit.
  }
}

function useWorker(onPlaced: (placed: Positions) => void) {
  const worker = useRef<Worker | null>(null);
  const number = useRef(0);
  const answer = useRef(onPlaced);
  answer.current = onPlaced;
  useEffect(() => {
    const started = new Worker(new URL('./arrange.worker.ts', import.meta.url), { type: 'module' });
    started.onmessage = (event: MessageEvent<{ number: number; placed: [string, Point][] }>) => {
      if (event.data.number === number.current) answer.current(new Map(event.data.placed));
    };
    worker.current = started;
    return () => {
      started.terminate();
      worker.current = null;
    };
  }, []);
  return useCallback((request: ArrangeRequest) => {
    number.current += 1;
    worker.current?.postMessage({ number: number.current, request });
  }, []);
}

export function useLayout(graph: Graph | undefined, ratio: number) {
  const [kept, setKept] = useState<Kept>(() => ({ placed: restore(), generation: 0 }));
  const put = useCallback((placed: Positions, isNew: boolean) => {
    keep(placed);
    setKept((before) => ({ placed, generation: before.generation + (isNew ? 1 : 0) }));
  }, []);
  const ask = useWorker((placed) => put(placed, true));

  const nodes = useMemo(() => (graph?.nodes ?? []).map((node) => node.id).sort(), [graph]);
  const edges = useMemo(
    () =>
      [...(graph?.edges ?? [])]
        .sort((a, b) => b.stats.total - a.stats.total || a.id.localeCompare(b.id))
        .map((edge): [string, string] => [edge.source, edge.target]),
    [graph],
  );
  // Only who is there decides about the layout: a new edge between known nodes moves nobody.
  const members = nodes.join('\n');
  const clients = useMemo(() => (graph?.nodes ?? []).filter((node) => node.role === 'client').map((node) => node.id), [graph]);
  const request = useRef<ArrangeRequest>({ nodes, edges, clients, ratio });
  request.current = { nodes, edges: [...edges].sort(([a, b], [c, d]) => a.localeCompare(c) || b.localeCompare(d)), clients, ratio };

  useEffect(() => {
    const { nodes: wanted } = request.current;
    if (wanted.length === 0 || ratio === 0) return;
    const { placed } = kept;
    if (wanted.every((id) => placed.has(id))) return;
    if (canPatch(placed, wanted)) put(new Map([...placed, ...patch(placed, wanted, edges)]), false);
    else ask(request.current);
    // `edges` and `kept` change with every answer; neither asks for a new picture.
  }, [members, ratio === 0]);

  const move = useCallback((id: string, point: Point) => {
    setKept((before) => {
      const placed = new Map(before.placed).set(id, point);
      keep(placed);
      return { ...before, placed };
    });
  }, []);
  const rearrange = useCallback(() => ask(request.current), [ask]);
  return { placed: kept.placed, generation: kept.generation, move, rearrange };
}
