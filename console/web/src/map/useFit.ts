// When the whole picture is fitted into the window, and when it moves so that the selected node is not hidden.
import { useReactFlow, type ReactFlowInstance } from '@xyflow/react';
import { useCallback, useEffect, useRef } from 'react';
import type { Point } from './layout/arrange';

interface Size {
  width: number;
  height: number;
}

export const reducedMotion = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;
export const glide = (ms: number) => (reducedMotion() ? 0 : ms);

/** From this scale on names are written under all nodes: a whole picture at it needs no closer look at a part. */
const NAMED = 0.75;
const PADDING = { top: '40px', bottom: '88px', left: '56px', right: '56px' } as const;

/**
 * Fits a new picture, and a picture nobody has moved when the window changes under it; what the reader moved stays.
 * Of a large picture the way of the selected failure is fitted, which is what one wants to read: `path` holds its nodes.
 */
export function useFit(generation: number, picture: string, size: Size, members: number, path: readonly string[]) {
  const flow = useReactFlow();
  const isTouched = useRef(false);
  const seen = useRef('');
  const isFirst = useRef(true);
  const show = useCallback((part: readonly string[]) => {
    isTouched.current = false;
    // The first picture stands at once; later ones glide.
    const duration = isFirst.current ? 0 : glide(200);
    isFirst.current = false;
    const nodes = isLarge(flow, size) ? part.map((id) => ({ id })) : [];
    void flow.fitView({ padding: PADDING, maxZoom: nodes.length > 0 ? 1 : 1.2, duration, nodes: nodes.length > 0 ? nodes : undefined });
  }, [flow, size.width, size.height]);
  /** What a reader asks for is everything. */
  const fit = useCallback(() => show([]), [show]);
  const hasNodes = members > 0;
  useEffect(() => {
    if (!hasNodes || size.width === 0) return;
    const now = `${generation} ${picture}`;
    if (isTouched.current && seen.current === now) return;
    seen.current = now;
    const frame = requestAnimationFrame(() => show(path));
    return () => cancelAnimationFrame(frame);
  }, [generation, picture, hasNodes, members, size.width, size.height, show, path]);
  const onMoveStart = useCallback((event: MouseEvent | TouchEvent | null) => {
    if (event !== null) isTouched.current = true;
  }, []);
  return { fit, onMoveStart };
}

/** Whether all of it fits only at a scale at which most names are gone. */
function isLarge(flow: ReactFlowInstance, { width, height }: Size): boolean {
  const all = flow.getNodesBounds(flow.getNodes());
  return Math.min(width / all.width, height / all.height) < NAMED;
}

/** A selected node that lies outside of the window is brought in, at the scale that the reader chose. */
export function useKeepInSight(selected: string | undefined, placed: Map<string, Point>, size: Size): void {
  const flow = useReactFlow();
  const point = selected === undefined ? undefined : placed.get(selected);
  const [x, y] = [point?.x, point?.y];
  useEffect(() => {
    if (x === undefined || y === undefined || size.width === 0) return;
    const { x: left, y: top, zoom } = flow.getViewport();
    const at = { x: x * zoom + left, y: y * zoom + top };
    const margin = 60;
    const isInside = at.x > margin && at.x < size.width - margin && at.y > margin && at.y < size.height - margin;
    if (!isInside) void flow.setCenter(x, y, { zoom, duration: glide(200) });
    // Not when nodes move: only when another one is selected or the window changes.
  }, [selected, x === undefined, size.width]);
}
