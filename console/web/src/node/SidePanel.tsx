// What is selected on the map, on the right: a node, a box of nodes, or a connection.
import { BoxPanel } from './BoxPanel';
import { EdgePanel } from './EdgePanel';
import { NodePanel } from './NodePanel';
import type { PanelProps } from './panel';
import './panel.css';

export default function SidePanel(props: PanelProps) {
  const { graph, scene, selected } = props;
  const box = scene.nodes.find((node) => node.id === selected && node.box);
  if (box) return <BoxPanel {...props} node={box} />;
  const edge = scene.edges.find((one) => one.id === selected) ?? graph.edges.find((one) => one.id === selected);
  if (edge) return <EdgePanel {...props} edge={edge} />;
  return <NodePanel {...props} id={selected} />;
}
