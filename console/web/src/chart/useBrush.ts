// A horizontal d3 brush on an SVG group; while it moves, the page holds still.
import { brushX, type D3BrushEvent } from 'd3-brush';
import { select } from 'd3-selection';
import { useEffect, useRef } from 'react';
import { hold } from '../api/live';

export interface BrushInput {
  width: number;
  height: number;
  /** Where the brush stands now, in pixels; nothing clears it. */
  selection: [number, number] | undefined;
  onMove?: (selection: [number, number] | undefined) => void;
  onEnd: (selection: [number, number] | undefined) => void;
}

export function useBrush({ width, height, selection, onMove, onEnd }: BrushInput) {
  const group = useRef<SVGGElement>(null);
  const handlers = useRef({ onMove, onEnd });
  handlers.current = { onMove, onEnd };
  const from = selection?.[0];
  const to = selection?.[1];

  useEffect(() => {
    if (group.current === null || width <= 0) return;
    let release: (() => void) | undefined;
    const picked = (event: D3BrushEvent<unknown>) => (event.selection as [number, number] | null) ?? undefined;
    const brush = brushX<unknown>()
      .extent([[0, 0], [width, height]])
      .on('start', (event: D3BrushEvent<unknown>) => {
        if (event.sourceEvent) release ??= hold('brush');
      })
      .on('brush', (event: D3BrushEvent<unknown>) => {
        if (event.sourceEvent) handlers.current.onMove?.(picked(event));
      })
      .on('end', (event: D3BrushEvent<unknown>) => {
        release?.();
        release = undefined;
        if (event.sourceEvent) handlers.current.onEnd(picked(event));
      });
    const root = select<SVGGElement, unknown>(group.current);
    root.call(brush);
    root.call(brush.move, from === undefined || to === undefined ? null : [from, to]);
    return () => {
      release?.();
      root.on('.brush', null);
    };
  }, [width, height, from, to]);

  return group;
}
