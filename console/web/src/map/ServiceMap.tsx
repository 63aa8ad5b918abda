// The live map: React Flow carries pan, zoom and drag; nodes, edges, layout and keys are ours.
import { ReactFlow, ReactFlowProvider, useStore, type NodeChange } from '@xyflow/react';
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { MapActions } from './actions';
import { useSize } from '../ui/useSize';
import { badShare } from '../outcome/outcome';
import { ArrowHeads, CallEdge } from './CallEdge';
import { useLayout } from './layout/useLayout';
import { MapControls } from './MapControls';
import type { Metric, Size } from './metric';
import { useMapKeys } from './useMapKeys';
import { litFor, translated, type Lit } from './path';
import { NODE_SIZE, ServiceNode, type ServiceFlowNode } from './ServiceNode';
import { useFit, useKeepInSight } from './useFit';
import { useFlowEdges, useFlowNodes } from './useFlow';
import { usePointedLabels } from './usePointedLabels';
import type { View } from './view/useScene';
import '@xyflow/react/dist/base.css';
import './map-controls.css';
import './map-edge.css';
import './map.css';

const NODE_TYPES = { service: ServiceNode };
const EDGE_TYPES = { call: CallEdge };

export interface ServiceMapProps extends MapActions {
  view: View;
  windowMs: number;
  metric: Metric;
  size: Size;
  selected?: string;
  isReplay: boolean;
  /** What the rail points at; wins over the selection. */
  highlight?: Lit;
  /** By edge: the part of clients' time that passes through, where the width of edges tells it. */
  shares?: ReadonlyMap<string, number>;
  /** The menu of formats. */
  exportMenu: ReactNode;
}

export function ServiceMap(props: ServiceMapProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ view, windowMs, metric, size: sizeBy, selected, isReplay, highlight, shares, exportMenu, ...actions }: ServiceMapProps) {
  const { scene, found, picture } = view;
  const [frame, size] = useSize<HTMLDivElement>();
  const { placed, generation, move, rearrange } = useLayout(scene, size.height > 0 ? size.width / size.height : 0, picture);
  const lit = useMemo(() => {
    if (highlight) return translated(highlight, scene);
    return selected === undefined || view.depth > 0 ? undefined : litFor(scene, selected);
  }, [scene, highlight, selected, view.depth]);
  // What was clicked on the map is in sight; it must not move away from under the pointer.
  const [clicked, setClicked] = useState<string>();
  const path = usePath(scene, selected === clicked ? undefined : selected);
  const worst = useMemo(
    () => scene.nodes.filter((node) => node.role !== 'client').sort((a, b) => badShare(b.stats) - badShare(a.stats))[0]?.id,
    [scene],
  );
  const [cursor, setCursor] = useState<string>();
  const isHere = (id: string | undefined) => id !== undefined && placed.has(id);
  const current = isHere(cursor) ? cursor : isHere(selected) ? selected : worst;

  const input = { scene, windowMs, metric, size: sizeBy, selected, lit, found, placed, current, isReplay, shares };
  const nodes = useFlowNodes(input);
  const edges = useFlowEdges(input);
  const { fit, onMoveStart } = useFit(generation, picture, size, nodes.length, path);
  useKeepInSight(selected, placed, size);
  usePointedLabels(frame);
  const onKeyDown = useMapKeys({ current, scene, placed, frame, setCursor, fit, ...actions });

  const onNodesChange = useCallback(
    (changes: NodeChange<ServiceFlowNode>[]) => {
      for (const change of changes) {
        if (change.type === 'position' && change.position) {
          move(change.id, { x: change.position.x + NODE_SIZE / 2, y: change.position.y + NODE_SIZE / 2 });
        }
      }
    },
    [move],
  );

  return (
    <div
      className={`service-map${lit || found ? ' has-lit' : ''}`}
      ref={frame}
      onKeyDown={onKeyDown as (event: KeyboardEvent<HTMLDivElement>) => void}
    >
      <ArrowHeads />
      <Detail />
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onNodesChange={onNodesChange}
        onNodeClick={(_, node) => {
          setCursor(node.id);
          setClicked(node.id);
          actions.onSelect(node.id);
        }}
        onNodeDoubleClick={(_, node) => (node.data.node.box ? actions.onToggleBox(node.id) : actions.onFocus(node.id))}
        onNodeContextMenu={(event, node) => {
          event.preventDefault();
          actions.onToggleBox(node.id);
        }}
        onEdgeClick={(_, edge) => actions.onSelect(edge.id)}
        onMoveStart={onMoveStart}
        onPaneClick={() => actions.onSelect(undefined)}
        nodesFocusable={false}
        edgesFocusable={false}
        nodesConnectable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        minZoom={0.12}
        maxZoom={2.5}
        zoomOnDoubleClick={false}
        aria-label="Service map. Arrow keys move along connections, Enter selects, f focuses, v shows the same as a table."
      />
      <MapControls onFit={fit} onRearrange={rearrange} onShowTable={actions.onShowTable} exportMenu={exportMenu} />
    </div>
  );
}

const NO_PATH: readonly string[] = [];

/** The nodes of the failure that is selected; the same list as long as they are the same, since the picture moves for another. */
function usePath(scene: View['scene'], selected: string | undefined): readonly string[] {
  const text = useMemo(() => {
    const lit = selected === undefined ? undefined : litFor(scene, selected);
    return lit?.isFault ? [...lit.nodes].sort().join('\n') : '';
  }, [scene, selected]);
  return useMemo(() => (text === '' ? NO_PATH : text.split('\n')), [text]);
}

/** Semantic zoom: how much a node shows follows from the scale, by one attribute that the style sheet reads. */
function Detail() {
  const level = useStore((state) => (state.transform[2] > 0.75 ? 'full' : state.transform[2] >= 0.42 ? 'name' : 'ring'));
  // So that the names of a lit way can be as large on the screen at any scale.
  const scale = useStore((state) => Math.max(0.1, Math.round(state.transform[2] * 50) / 50));
  const anchor = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    anchor.current?.parentElement?.setAttribute('data-detail', level);
    anchor.current?.parentElement?.style.setProperty('--scale', String(scale));
  }, [level, scale]);
  return <span ref={anchor} hidden />;
}
