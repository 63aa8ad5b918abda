// What is selected on the map, on the right: a node, a box of nodes, or a connection.
import type { Graph } from '../api/generated/Graph';
import type { Range } from '../location/range';
import type { Scene } from '../map/view/scene';
import { BoxPanel } from './BoxPanel';
import { EdgePanel } from './EdgePanel';
import { NodePanel } from './NodePanel';

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

export default function SidePanel(props: PanelProps) {
  const { graph, scene, selected } = props;
  const box = scene.nodes.find((node) => node.id === selected && node.box);
  if (box) return <BoxPanel {...props} node={box} />;
  const edge = scene.edges.find((one) => one.id === selected) ?? graph.edges.find((one) => one.id === selected);
  if (edge) return <EdgePanel {...props} edge={edge} />;
  return <NodePanel {...props} id={selected} />;
}
