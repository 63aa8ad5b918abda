// Keys of the map: arrows walk along edges, Enter selects, f focuses, p follows a failure, 0 fits, v shows the table.
import { useReactFlow } from '@xyflow/react';
import { useCallback, type KeyboardEvent, type RefObject } from 'react';
import type { Point } from './layout/arrange';
import type { MapActions } from './actions';
import { step, type Direction } from './step';
import { glide } from './useFit';
import type { Scene } from './view/scene';

const ARROWS: Record<string, Direction> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' };

interface MapKeys extends MapActions {
  current?: string;
  scene: Scene;
  placed: Map<string, Point>;
  frame: RefObject<HTMLDivElement | null>;
  setCursor: (id: string) => void;
  fit: () => void;
}

export function useMapKeys({ current, scene, placed, frame, setCursor, fit, ...actions }: MapKeys) {
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
        if (!isInside) void flow.setCenter(point.x, point.y, { zoom: flow.getZoom(), duration: glide(150) });
      });
    },
    [flow, frame, placed, setCursor],
  );
  const { onSelect, onShowTable, onToggleBox, onFocus, onFollow, onBack } = actions;

  return useCallback(
    (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      if (target.closest('input, select, textarea, [role="menu"]')) return;
      const node = target.dataset.node;
      const meant = node ?? current;
      const direction = ARROWS[event.key];
      if (direction !== undefined && node !== undefined) {
        const next = step(node, direction, scene.edges, placed);
        if (next !== undefined) focus(next);
      } else if (event.key === 'Enter' && event.shiftKey && node !== undefined) onFocus(node);
      else if ((event.key === 'Enter' || event.key === ' ') && node !== undefined) onSelect(node);
      else if (event.key === 'f' && meant !== undefined) onFocus(meant);
      else if (event.key === 'p' && meant !== undefined) onFollow(meant);
      else if (event.key === 'g' && node !== undefined) {
        onToggleBox(node);
        // `g` also begins the keys that change the page; here it is about the box.
        event.nativeEvent.stopImmediatePropagation();
      } else if (event.key === 'Escape') onBack();
      else if (event.key === '0') fit();
      else if (event.key === '+' || event.key === '=') void flow.zoomIn({ duration: glide(150) });
      else if (event.key === '-') void flow.zoomOut({ duration: glide(150) });
      else if (event.key === 'v') onShowTable();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    [current, fit, flow, focus, scene.edges, placed, onSelect, onShowTable, onToggleBox, onFocus, onFollow, onBack],
  );
}
