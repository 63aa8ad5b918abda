// What the address bar asks to see of the graph: find and hide, focus, folding and collapsing, in this order.
import { useMemo, useRef } from 'react';
import type { Graph } from '../../api/generated/Graph';
import { matching, parseFind } from '../find/language';
import { collapse, DIMENSIONS, isRed, MOST_DRAWN, type Dimension } from './collapse';
import { DEEPEST, focusOn } from './focus';
import { foldLeaves } from './fold';
import { only, sceneOf, type Scene } from './scene';

export interface View {
  scene: Scene;
  by: Dimension;
  /** Of the focus mode; 0 is off. */
  depth: number;
  /** Which picture this is, for positions. */
  picture: string;
  /** Nodes that the find field means; `undefined` while it is empty. */
  found?: Set<string>;
  findError?: string;
  hideError?: string;
  hidden: number;
}

export function depthIn(params: URLSearchParams): number {
  const depth = Number(params.get('focus') ?? 0);
  return Number.isInteger(depth) && depth >= 1 ? Math.min(DEEPEST, depth) : 0;
}

export function useScene(graph: Graph, origins: readonly string[], params: URLSearchParams, windowMs: number): View {
  const selected = params.get('sel') ?? '';
  const depth = depthIn(params);
  const [find, hide, open] = [params.get('find') ?? '', params.get('hide') ?? '', params.get('open') ?? ''];
  const wanted = params.get('by');
  const group = params.get('group') ?? '';
  // A service that was red stays out of its box while this page is open: what comes and goes cannot be read.
  const wasRed = useRef(new Set<string>());

  return useMemo(() => {
    const finding = parseFind(find);
    const hiding = parseFind(hide);
    let scene = sceneOf(graph, origins);
    if (hiding && 'test' in hiding) {
      const gone = matching(scene.nodes, hiding.test, windowMs);
      scene = withoutLonelyClients(only(scene, (node) => !gone.has(node.id)));
    }
    const hidden = graph.nodes.length - scene.nodes.length;
    const isFocused = depth > 0 && scene.nodes.some((node) => node.id === selected);
    if (isFocused) scene = focusOn(scene, selected, depth);
    const by = dimensionOf(wanted, scene.nodes.filter((node) => node.role !== 'client').length);
    const opened = new Set(open.split(',').filter(Boolean));
    if (by !== 'none') for (const node of scene.nodes) if (isRed(node) && node.role !== 'client') wasRed.current.add(node.id);
    const outside = new Set([selected, ...origins, ...[...wasRed.current].slice(-40)]);
    scene = collapse(scene, { by, open: opened, outside });
    if (by === 'none') scene = foldLeaves(scene, opened, outside);
    const found = finding && 'test' in finding ? findIn(scene, graph, finding.test, windowMs) : undefined;
    return {
      scene,
      by,
      depth: isFocused ? depth : 0,
      picture: [group, by, isFocused ? `${selected} ${depth}` : ''].join('|'),
      found,
      findError: finding && 'error' in finding ? finding.error : undefined,
      hideError: hiding && 'error' in hiding ? hiding.error : undefined,
      hidden,
    };
  }, [graph, origins, windowMs, find, hide, depth, selected, wanted, open, group]);
}

function dimensionOf(wanted: string | null, services: number): Dimension {
  if (wanted !== null && wanted in DIMENSIONS) return wanted as Dimension;
  return services > MOST_DRAWN ? 'prefix' : 'none';
}

/** Matches among all nodes; a box matches when one of its members does. */
function findIn(scene: Scene, graph: Graph, test: Parameters<typeof matching>[1], windowMs: number): Set<string> {
  const found = matching(graph.nodes, test, windowMs);
  for (const id of [...found]) {
    const box = scene.boxOf.get(id);
    if (box) found.add(box);
  }
  return found;
}

function withoutLonelyClients(scene: Scene): Scene {
  const callers = new Set(scene.edges.map((edge) => edge.source));
  return only(scene, (node) => node.role !== 'client' || callers.has(node.id));
}
