// What every panel on the right of the map is given.
import type { Graph } from '../api/generated/Graph';
import type { Range } from '../location/range';
import type { Scene } from '../map/view/scene';

export interface PanelProps {
  graph: Graph;
  scene: Scene;
  range: Range;
  windowMs: number;
  selected: string;
  group?: string;
  onSelect: (id: string | undefined, tab?: string) => void;
  onToggleBox: (id: string) => void;
  onFocus: (id: string | undefined) => void;
}
