// Keys of the map: arrows walk along edges, Enter selects, 0 fits, plus and minus zoom, v shows the table.
import { useReactFlow } from '@xyflow/react';
import { useCallback, type KeyboardEvent, type RefObject } from 'react';
import type { Graph } from '../api/generated/Graph';
import type { Point } from './layout/arrange';
import { step, type Direction } from './step';

const ARROWS: Record<string, Direction> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' };

interface MapKeys {
  current?: string;
  graph: Graph;
  placed: Map<string, Point>;
  frame: RefObject<HTMLDivElement | null>;
  setCursor: (id: string) => void;
  onSelect: (id: string | undefined) => void;
  fit: () => void;
  onShowTable: () => void;
}

export function useMapKeys({ current, graph, placed, frame, setCursor, onSelect, fit, onShowTable }: MapKeys) {
  const flow = useReactFlow();

  const focus = useCallback(
    (id: string) => {
      setCursor(id);
      requestAnimationFrame(() => {
        const element = frame.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`);
        element?.focus({ preventScroll: true });
        const point = placed.get(id);
        const around = frame.current?.getBoundingClientRect();
        const box = element?.getBoundingClientRect();
        if (!point || !around || !box) return;
        const isInside = box.left > around.left && box.right < around.right && box.top > around.top && box.bottom < around.bottom;
        if (!isInside) void flow.setCenter(point.x, point.y, { zoom: flow.getZoom(), duration: 150 });
      });
    },
    [flow, frame, placed, setCursor],
  );

  return useCallback(
    (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      const isOnNode = target.dataset.node !== undefined;
      const direction = ARROWS[event.key];
      if (direction !== undefined && isOnNode && current !== undefined) {
        const next = step(current, direction, graph.edges, placed);
        if (next !== undefined) focus(next);
      } else if ((event.key === 'Enter' || event.key === ' ') && isOnNode) onSelect(target.dataset.node);
      else if (event.key === 'Escape') onSelect(undefined);
      else if (event.key === '0') fit();
      else if (event.key === '+' || event.key === '=') void flow.zoomIn({ duration: 150 });
      else if (event.key === '-') void flow.zoomOut({ duration: 150 });
      else if (event.key === 'v') onShowTable();
      else return;
      event.preventDefault();
    },
    [current, fit, flow, focus, graph.edges, onSelect, onShowTable, placed],
  );
}
