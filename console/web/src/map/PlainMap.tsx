// The map of a graph as it is, such as that of one trace: nothing is collapsed, hidden or replayed.
import { useMemo } from 'react';
import type { Graph } from '../api/generated/Graph';
import { ServiceMap } from './ServiceMap';
import { sceneOf } from './view/scene';
import type { View } from './view/useScene';

interface PlainProps {
  graph: Graph;
  windowMs: number;
  selected?: string;
  /** Names the picture for its positions. */
  picture: string;
  onSelect: (id: string | undefined) => void;
  onShowTable: () => void;
}

const nothing = () => {};

export function PlainMap({ graph, windowMs, selected, picture, onSelect, onShowTable }: PlainProps) {
  const view = useMemo((): View => ({ scene: sceneOf(graph, []), by: 'none', depth: 0, picture, hidden: 0 }), [graph, picture]);
  return (
    <ServiceMap
      view={view}
      windowMs={windowMs}
      metric="p50"
      size="none"
      selected={selected}
      isReplay={false}
      exportMenu={null}
      onSelect={onSelect}
      onShowTable={onShowTable}
      onToggleBox={nothing}
      onFocus={nothing}
      onFollow={nothing}
      onBack={() => onSelect(undefined)}
    />
  );
}
