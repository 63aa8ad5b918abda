// Positions of the map's nodes: asked of the worker once, kept for the session, and left alone while only numbers change.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Scene } from '../view/scene';
import type { ArrangeRequest, Point } from './arrange';
import { inflate } from './inflate';
import { canPatch, patch } from './place';

type Positions = Map<string, Point>;

const STORAGE_KEY = 'fluoro.positions';
/** Pictures that are remembered: the whole map, collapsed ones, focused ones. */
const MOST_KEPT = 12;

interface Kept {
  /** Of each picture, the newest last. */
  pictures: Map<string, Positions>;
  /** Changes when the picture as a whole is new and should be fitted again. */
  generation: number;
}

function restore(): Map<string, Positions> {
  try {
    const stored = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]') as [string, [string, Point][]][];
    return new Map(stored.map(([key, placed]) => [key, new Map(placed)]));
  } catch {
    return new Map();
  }
}

function keep(pictures: Map<string, Positions>): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify([...pictures].map(([key, placed]) => [key, [...placed]])));
  } catch {
    // Without storage the map is arranged anew at the next visit.
  }
}

function put(pictures: Map<string, Positions>, key: string, placed: Positions): Map<string, Positions> {
  const next = new Map(pictures);
  next.delete(key);
  next.set(key, placed);
  for (const oldest of next.keys()) {
    if (next.size <= MOST_KEPT) break;
    next.delete(oldest);
  }
  keep(next);
  return next;
}

function useWorker(onPlaced: (key: string, placed: Positions) => void) {
  const worker = useRef<Worker | null>(null);
  const number = useRef(0);
  const asked = useRef('');
  const answer = useRef(onPlaced);
  answer.current = onPlaced;
  useEffect(() => {
    const started = new Worker(new URL('./arrange.worker.ts', import.meta.url), { type: 'module' });
    started.onmessage = (event: MessageEvent<{ number: number; placed: [string, Point][] }>) => {
      if (event.data.number === number.current) answer.current(asked.current, new Map(event.data.placed));
    };
    worker.current = started;
    return () => {
      started.terminate();
      worker.current = null;
    };
  }, []);
  return useCallback((key: string, request: ArrangeRequest) => {
    number.current += 1;
    asked.current = key;
    worker.current?.postMessage({ number: number.current, request });
  }, []);
}

const NOTHING: Positions = new Map();

/** `key` names the picture: each has positions of its own, so that leaving a focus finds everything where it was. */
export function useLayout(scene: Scene, ratio: number, key: string) {
  const [kept, setKept] = useState<Kept>(() => ({ pictures: restore(), generation: 0 }));
  const set = useCallback((of: string, placed: Positions, isNew: boolean) => {
    setKept((before) => ({ pictures: put(before.pictures, of, placed), generation: before.generation + (isNew ? 1 : 0) }));
  }, []);
  const ask = useWorker((of, placed) => set(of, placed, true));
  const base = useMemo(() => baseOf(scene), [scene]);
  const request = useRef<ArrangeRequest>({ ...base, ratio });
  request.current = { ...base, edges: [...base.edges].sort(([a, b], [c, d]) => a.localeCompare(c) || b.localeCompare(d)), ratio };

  // Only who is there decides about the layout: a new edge between known nodes moves nobody.
  const members = base.nodes.join('\n');
  const known = kept.pictures.get(key) ?? NOTHING;
  useEffect(() => {
    const wanted = request.current.nodes;
    if (wanted.length === 0 || ratio === 0 || wanted.every((id) => known.has(id))) return;
    if (canPatch(known, wanted)) set(key, new Map([...known, ...patch(known, wanted, base.edges)]), false);
    else ask(key, request.current);
    // `base.edges` and `known` change with every answer; neither asks for a new picture.
  }, [members, key, ratio === 0]);

  const placed = useMemo(() => scene.opened.reduce((all, { id, shown }) => inflate(all, id, shown), known), [scene.opened, known]);
  const shown = useRef(placed);
  shown.current = placed;
  const move = useCallback(
    (id: string, point: Point) => {
      setKept((before) => {
        const moved = new Map(before.pictures.get(key) ?? []);
        const [from, base] = [shown.current.get(id), moved.get(id)];
        // An opened box pushes others aside; what is kept is where they stand without it.
        moved.set(id, from && base ? { x: base.x + point.x - from.x, y: base.y + point.y - from.y } : point);
        shown.current = new Map(shown.current).set(id, point);
        return { ...before, pictures: put(before.pictures, key, moved) };
      });
    },
    [key],
  );
  const rearrange = useCallback(() => ask(key, request.current), [ask, key]);
  return { placed, generation: kept.generation, move, rearrange };
}

/** What is laid out: an opened box stands where it stood while it was closed. */
function baseOf(scene: Scene): Pick<ArrangeRequest, 'nodes' | 'edges' | 'clients'> {
  const box = new Map(scene.opened.flatMap(({ id, shown }) => shown.map((one) => [one, id] as const)));
  const at = (id: string) => box.get(id) ?? id;
  const nodes = [...new Set(scene.nodes.map((node) => at(node.id)))].sort();
  const edges = [...scene.edges]
    .sort((a, b) => b.stats.total - a.stats.total || a.id.localeCompare(b.id))
    .map((edge): [string, string] => [at(edge.source), at(edge.target)]);
  return { nodes, edges, clients: scene.nodes.filter((node) => node.role === 'client').map((node) => at(node.id)) };
}
