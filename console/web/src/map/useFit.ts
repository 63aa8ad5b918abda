// When the whole picture is fitted into the window, and when it moves so that the selected node is not hidden.
import { useReactFlow } from '@xyflow/react';
import { useCallback, useEffect, useRef } from 'react';
import type { Point } from './layout/arrange';

interface Size {
  width: number;
  height: number;
}

export const reducedMotion = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;
export const glide = (ms: number) => (reducedMotion() ? 0 : ms);

/** Fits a new picture, and a picture nobody has moved when the window changes under it; what the reader moved stays. */
export function useFit(generation: number, picture: string, size: Size, members: number) {
  const flow = useReactFlow();
  const isTouched = useRef(false);
  const seen = useRef('');
  const isFirst = useRef(true);
  const fit = useCallback(() => {
    isTouched.current = false;
    // The first picture stands at once; later ones glide.
    const duration = isFirst.current ? 0 : glide(200);
    isFirst.current = false;
    void flow.fitView({ padding: { top: '40px', bottom: '72px', left: '56px', right: '56px' }, maxZoom: 1.2, duration });
  }, [flow]);
  const hasNodes = members > 0;
  useEffect(() => {
    if (!hasNodes || size.width === 0) return;
    const now = `${generation} ${picture}`;
    if (isTouched.current && seen.current === now) return;
    seen.current = now;
    const frame = requestAnimationFrame(fit);
    return () => cancelAnimationFrame(frame);
  }, [generation, picture, hasNodes, members, size.width, size.height, fit]);
  const onMoveStart = useCallback((event: MouseEvent | TouchEvent | null) => {
    if (event !== null) isTouched.current = true;
  }, []);
  return { fit, onMoveStart };
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
