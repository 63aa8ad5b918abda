// The live map: React Flow carries pan, zoom and drag; nodes, edges, layout and keys are ours.
import { ReactFlow, ReactFlowProvider, useReactFlow, useStore, type NodeChange } from '@xyflow/react';
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { Graph } from '../api/generated/Graph';
import { useSize } from '../app/useSize';
import { activeIssues } from '../now/issue';
import { badShare } from '../outcome/outcome';
import { ArrowHeads, CallEdge, type CallFlowEdge } from './CallEdge';
import { useLayout } from './layout/useLayout';
import { MapControls } from './MapControls';
import { useMapKeys } from './useMapKeys';
import { litFor, type Lit } from './path';
import { NODE_SIZE, ServiceNode, type ServiceFlowNode } from './ServiceNode';

const NODE_TYPES = { service: ServiceNode };
const EDGE_TYPES = { call: CallEdge };
/** Edge labels are always on below this many nodes only when lit; names stay for the busiest when zoomed out. */
const BUSIEST = 5;
const STALE_MS = 90_000;

export interface ServiceMapProps {
  graph: Graph;
  windowMs: number;
  selected?: string;
  /** What the rail points at; wins over the selection. */
  highlight?: Lit;
  onSelect: (id: string | undefined) => void;
  onShowTable: () => void;
}

export function ServiceMap(props: ServiceMapProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ graph, windowMs, selected, highlight, onSelect, onShowTable }: ServiceMapProps) {
  const [frame, size] = useSize<HTMLDivElement>();
  const { placed, generation, move, rearrange } = useLayout(graph, size.height > 0 ? size.width / size.height : 0);
  const lit = useMemo(
    () => highlight ?? (selected === undefined ? undefined : litFor(graph, selected)),
    [graph, highlight, selected],
  );
  const worst = useMemo(
    () => [...graph.nodes].filter((node) => node.role !== 'client').sort((a, b) => badShare(b.stats) - badShare(a.stats))[0]?.id,
    [graph],
  );
  const [cursor, setCursor] = useState<string>();
  const current = cursor !== undefined && placed.has(cursor) ? cursor : (selected ?? worst);

  const nodes = useFlowNodes({ graph, windowMs, selected, lit, placed, current });
  const edges = useFlowEdges(graph, windowMs, lit);
  const { fit, onMoveStart } = useFit(generation, nodes.length > 0, size, nodes.length);
  const onKeyDown = useMapKeys({ current, graph, placed, frame, setCursor, onSelect, fit, onShowTable });

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
      className={`service-map${lit ? ' has-lit' : ''}`}
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
          onSelect(node.id);
        }}
        onMoveStart={onMoveStart}
        onPaneClick={() => onSelect(undefined)}
        nodesFocusable={false}
        edgesFocusable={false}
        nodesConnectable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        minZoom={0.12}
        maxZoom={2.5}
        zoomOnDoubleClick={false}
        aria-label="Service map. Arrow keys move along connections, Enter selects, v shows the same as a table."
      />
      <MapControls onFit={fit} onRearrange={rearrange} onShowTable={onShowTable} />
    </div>
  );
}

/** Semantic zoom: how much a node shows follows from the scale, by one attribute that the style sheet reads. */
function Detail() {
  const level = useStore((state) => (state.transform[2] > 0.75 ? 'full' : state.transform[2] >= 0.42 ? 'name' : 'ring'));
  const anchor = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    anchor.current?.parentElement?.setAttribute('data-detail', level);
  }, [level]);
  return <span ref={anchor} hidden />;
}

interface NodesInput extends Pick<ServiceMapProps, 'graph' | 'windowMs' | 'selected'> {
  lit?: Lit;
  placed: Map<string, { x: number; y: number }>;
  current?: string;
}

function useFlowNodes({ graph, windowMs, selected, lit, placed, current }: NodesInput): ServiceFlowNode[] {
  return useMemo(() => {
    const busiest = new Set([...graph.nodes].sort((a, b) => b.stats.total - a.stats.total).slice(0, BUSIEST).map((node) => node.id));
    const origins = new Set(activeIssues(graph).map((issue) => issue.nodeId));
    return graph.nodes.flatMap((node): ServiceFlowNode[] => {
      const point = placed.get(node.id);
      if (point === undefined) return [];
      const isSelected = node.id === selected;
      return [
        {
          id: node.id,
          type: 'service',
          position: { x: point.x - NODE_SIZE / 2, y: point.y - NODE_SIZE / 2 },
          width: NODE_SIZE,
          height: NODE_SIZE,
          // Lit edges rise above the others, but never above a node.
          zIndex: 2,
          data: {
            node,
            windowMs,
            isSelected,
            isOrigin: origins.has(node.id),
            isDimmed: lit !== undefined && !lit.nodes.has(node.id),
            isProminent: isSelected || node.stats.fault > 0 || busiest.has(node.id),
            isStale: node.role !== 'client' && node.lastSeen < Math.min(graph.to, graph.now) - STALE_MS,
            isCursor: node.id === current,
          },
        },
      ];
    });
  }, [graph, windowMs, selected, lit, placed, current]);
}

function useFlowEdges(graph: Graph, windowMs: number, lit: Lit | undefined): CallFlowEdge[] {
  return useMemo(
    () =>
      graph.edges.map((edge): CallFlowEdge => {
        const isLit = lit?.edges.has(edge.id) ?? false;
        return {
          id: edge.id,
          source: edge.source,
          target: edge.target,
          type: 'call',
          zIndex: isLit ? 1 : 0,
          data: {
            edge,
            windowMs,
            isLit,
            isFaultPath: isLit && (lit?.isFault ?? false),
            isDimmed: lit !== undefined && !isLit,
            showLabel: isLit,
          },
        };
      }),
    [graph, windowMs, lit],
  );
}

/** Fits a new picture, and a picture nobody has moved when the window changes under it; what the reader moved stays. */
function useFit(generation: number, hasNodes: boolean, size: { width: number; height: number }, members: number) {
  const flow = useReactFlow();
  const isTouched = useRef(false);
  const seen = useRef(generation);
  const isFirst = useRef(true);
  const fit = useCallback(() => {
    isTouched.current = false;
    // The first picture stands at once; later ones glide.
    const duration = isFirst.current ? 0 : 200;
    isFirst.current = false;
    void flow.fitView({ padding: { top: '40px', bottom: '72px', left: '56px', right: '56px' }, maxZoom: 1.2, duration });
  }, [flow]);
  useEffect(() => {
    if (!hasNodes || size.width === 0) return;
    if (isTouched.current && seen.current === generation) return;
    seen.current = generation;
    const frame = requestAnimationFrame(fit);
    return () => cancelAnimationFrame(frame);
  }, [generation, hasNodes, members, size.width, size.height, fit]);
  const onMoveStart = useCallback((event: MouseEvent | TouchEvent | null) => {
    if (event !== null) isTouched.current = true;
  }, []);
  return { fit, onMoveStart };
}
