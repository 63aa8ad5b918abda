// What keys, clicks and buttons do to the map; all of it ends up in the address bar.
import { useCallback, useMemo, type RefObject } from 'react';
import type { Graph } from '../api/generated/Graph';
import type { Change } from '../location/address';
import { chainDown } from '../map/path';
import type { MapActions } from '../map/actions';
import { byTrouble } from '../map/view/collapse';
import type { View } from '../map/view/useScene';

interface ActionsInput {
  graph: Graph;
  view: View;
  params: URLSearchParams;
  change: (names: Change, replace?: boolean) => void;
  field: RefObject<HTMLInputElement | null>;
}

const DEFAULT_DEPTH = '2';

export function useMapActions({ graph, view, params, change, field }: ActionsInput) {
  const { scene, found } = view;
  const onSelect = useCallback((id: string | undefined, tab?: string) => change({ sel: id, tab }), [change]);
  const toggleOpen = useCallback(
    (key: string) => {
      const open = new Set((params.get('open') ?? '').split(',').filter(Boolean));
      if (!open.delete(key)) open.add(key);
      // The box is gone once it is open, and with it what was selected.
      const isBox = /^(box|leaves):/.test(params.get('sel') ?? '');
      change({ open: [...open].join(','), ...(isBox ? { sel: undefined, tab: undefined } : {}) });
    },
    [change, params],
  );
  const actions = useMemo(
    (): MapActions => ({
      onSelect,
      onShowTable: () => change({ view: 'table' }),
      onToggleBox: (id) => {
        const box = scene.nodes.find((node) => node.id === id)?.box;
        const opened = scene.opened.find((one) => one.shown.includes(id));
        if (box?.canOpen) toggleOpen(box.key);
        else if (opened) toggleOpen(opened.key);
      },
      onFocus: (id) => {
        if (id === undefined || scene.nodes.find((node) => node.id === id)?.box) return;
        const isOn = params.get('sel') === id && view.depth > 0;
        change({ sel: id, focus: isOn ? undefined : DEFAULT_DEPTH }, false);
      },
      onFollow: (id) => onSelect(chainDown(graph, id).at(-1)?.target ?? id, 'why'),
      onBack: () => {
        if (view.depth > 0) change({ focus: undefined });
        else if (params.has('sel')) onSelect(undefined);
        else if (params.has('find')) change({ find: undefined });
      },
    }),
    [change, graph, onSelect, params, scene, toggleOpen, view.depth],
  );

  const onEnter = useCallback(
    (inFocus: boolean) => {
      const first = graph.nodes.filter((node) => found?.has(node.id)).sort(byTrouble)[0];
      if (first) change({ sel: first.id, tab: undefined, focus: inFocus ? DEFAULT_DEPTH : undefined });
    },
    [change, found, graph.nodes],
  );
  const onLeaveFind = useCallback(() => {
    change({ find: undefined });
    field.current?.blur();
  }, [change, field]);
  return { ...actions, onSelect, onEnter, onLeaveFind };
}
