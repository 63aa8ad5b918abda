// Nodes and edges of the scene as React Flow wants them.
import { useMemo } from 'react';
import type { CallFlowEdge } from './CallEdge';
import type { Curve } from './curve';
import type { Point } from './layout/arrange';
import { radiiOf, RADIUS, type Metric, type Size } from './metric';
import type { Lit } from './path';
import { route } from './route';
import { NODE_SIZE, type ServiceFlowNode } from './ServiceNode';
import type { Scene } from './view/scene';

/** Names that stay when the map is zoomed far out. */
const BUSIEST = 5;
const STALE_MS = 90_000;
/** On a small map there is room for the label of every edge. */
const LABELS_BELOW = 12;

interface FlowInput {
  scene: Scene;
  windowMs: number;
  metric: Metric;
  size: Size;
  selected?: string;
  lit?: Lit;
  found?: ReadonlySet<string>;
  placed: Map<string, Point>;
  current?: string;
  /** While a replay runs: nodes without requests in its frame are idle, not stale. */
  isReplay: boolean;
  /** By edge: the part of clients' time that passes through; without it edges tell their rate. */
  shares?: ReadonlyMap<string, number>;
}

export function useFlowNodes({ scene, windowMs, metric, size, selected, lit, found, placed, current, isReplay }: FlowInput): ServiceFlowNode[] {
  return useMemo(() => {
    const busiest = new Set([...scene.nodes].sort((a, b) => b.stats.total - a.stats.total).slice(0, BUSIEST).map((node) => node.id));
    const origins = new Set(scene.origins);
    const opened = new Set(scene.opened.flatMap((box) => box.shown));
    const radius = radiiOf(scene.nodes, size);
    return scene.nodes.flatMap((node): ServiceFlowNode[] => {
      const point = placed.get(node.id);
      if (point === undefined) return [];
      const isSelected = node.id === selected;
      const isFound = found?.has(node.id) ?? false;
      return [
        {
          id: node.id,
          type: 'service',
          position: { x: point.x - NODE_SIZE / 2, y: point.y - NODE_SIZE / 2 },
          width: NODE_SIZE,
          height: NODE_SIZE,
          // Lit edges rise above the others, but never above a node.
          zIndex: 2,
          data: {
            node,
            windowMs,
            metric,
            radius: radius(node),
            isSelected,
            isOrigin: origins.has(node.id) && (!isReplay || node.stats.fault > 0),
            isDimmed: found ? !isFound : lit !== undefined && !lit.nodes.has(node.id),
            isProminent: isSelected || isFound || node.box !== undefined || opened.has(node.id) || node.stats.fault > 0 || busiest.has(node.id),
            isStale: !isReplay && !node.box && node.role !== 'client' && node.lastSeen < Math.min(scene.to, scene.now) - STALE_MS,
            isCursor: node.id === current,
          },
        },
      ];
    });
  }, [scene, windowMs, metric, size, selected, lit, found, placed, current, isReplay]);
}

/** The way of each edge around what stands between its ends. Numbers change twice a second, and ways only when something moves. */
function useWays(scene: Scene, placed: Map<string, Point>, radii: Map<string, number>): Map<string, Curve> {
  const edges = scene.edges.map((edge) => `${edge.id}\t${edge.source}\t${edge.target}`).join('\n');
  const sizes = [...radii].join('\n');
  return useMemo(() => {
    const ends = new Map([...radii].flatMap(([id, radius]) => (placed.has(id) ? [[id, { ...placed.get(id)!, radius }] as const] : [])));
    return new Map(
      scene.edges.flatMap(({ id, source, target }) => {
        const [from, to] = [ends.get(source), ends.get(target)];
        if (!from || !to) return [];
        const others = [...ends].flatMap(([one, end]) => (one === source || one === target ? [] : [end]));
        return [[id, route(from, to, others)] as const];
      }),
    );
  }, [edges, sizes, placed]);
}

export function useFlowEdges({ scene, windowMs, size, selected, lit, found, placed, shares }: Omit<FlowInput, 'current' | 'metric' | 'isReplay'>): CallFlowEdge[] {
  const radii = useMemo(() => {
    const radius = radiiOf(scene.nodes, size);
    return new Map(scene.nodes.map((node) => [node.id, radius(node)]));
  }, [scene, size]);
  const ways = useWays(scene, placed, radii);
  return useMemo(() => {
    return scene.edges.map((edge): CallFlowEdge => {
      const isSelected = edge.id === selected;
      const isLit = lit?.edges.has(edge.id) ?? false;
      const isFoundAway = found !== undefined && !(found.has(edge.source) && found.has(edge.target));
      return {
        id: edge.id,
        source: edge.source,
        target: edge.target,
        type: 'call',
        zIndex: isLit || isSelected ? 1 : 0,
        data: {
          edge,
          windowMs,
          isLit,
          isSelected,
          isFaultPath: isLit && (lit?.isFault ?? false),
          isDimmed: !isSelected && (isFoundAway || (lit !== undefined && !isLit)),
          showLabel: isLit || (lit === undefined && scene.nodes.length <= LABELS_BELOW),
          radii: [radii.get(edge.source) ?? RADIUS, radii.get(edge.target) ?? RADIUS],
          way: ways.get(edge.id),
          share: shares && (shares.get(edge.id) ?? 0),
        },
      };
    });
  }, [scene, windowMs, selected, lit, found, shares, radii, ways]);
}
