// One node of the map: a ring by outcome, response time and rate inside, name and type below.
import { Handle, Position, type Node as FlowNode, type NodeProps } from '@xyflow/react';
import { memo } from 'react';
import { OUTCOME_WORD, OUTCOMES } from '../outcome/outcome';
import { compactCount, duration, minuteTime, plural, rate, shareOf } from '../quantity';
import { shortName, spokenName } from './display-name';
import { glyphOf, kindName } from './kind';
import { KindGlyph } from './KindGlyph';
import { METRICS, timeOf, type Metric } from './metric';
import { NodeRing } from './NodeRing';
import { textWidth } from './text-width';
import type { SceneNode } from './view/scene';

export interface ServiceData extends Record<string, unknown> {
  node: SceneNode;
  windowMs: number;
  metric: Metric;
  radius: number;
  isStale: boolean;
  /** Root cause of an active issue. */
  isOrigin: boolean;
  isSelected: boolean;
  isDimmed: boolean;
  /** Keeps its name even when the map is zoomed far out. */
  isProminent: boolean;
  isCursor: boolean;
}

export type ServiceFlowNode = FlowNode<ServiceData, 'service'>;

export const NODE_SIZE = 68;
const TYPE_FONT = '10.5px "Open Sans", sans-serif';

export function describe({ node, windowMs, metric }: Pick<ServiceData, 'node' | 'windowMs' | 'metric'>): string {
  const { stats, box } = node;
  const parts: string[] = [];
  if (box) parts.push(`${node.name}, ${plural(box.members.length, node.role === 'client' ? 'client' : 'service')}`);
  else if (node.role === 'client') return `Clients of ${spokenName(node.name)}`;
  else parts.push(node.name, kindName(node.type, node.role));
  if (stats.total > 0) {
    if (!box) parts.push(`${duration(timeOf(stats, metric))}${metric === 'p50' ? '' : ` ${METRICS[metric]}`}`);
    parts.push(rate(stats.total, windowMs));
    for (const outcome of OUTCOMES) {
      if (outcome !== 'ok' && stats[outcome] > 0) parts.push(`${shareOf(stats[outcome], stats.total)} ${OUTCOME_WORD[outcome]}`);
    }
  }
  for (const { host, calls } of node.unreached ?? []) parts.push(`${plural(calls, 'call')} to ${host} not reached`);
  return parts.filter(Boolean).join(', ');
}

export const ServiceNode = memo(function ServiceNode({ data }: NodeProps<ServiceFlowNode>) {
  const { node, radius, isSelected, isCursor } = data;
  const classes = ['service-node'];
  for (const [name, isSet] of [
    ['is-selected', isSelected], ['is-dimmed', data.isDimmed], ['is-prominent', data.isProminent], ['is-stale', data.isStale],
    ['is-origin', data.isOrigin], ['is-box', node.box !== undefined],
  ] as const) {
    if (isSet) classes.push(name);
  }
  return (
    <div className={classes.join(' ')}>
      <svg width={NODE_SIZE} height={NODE_SIZE} viewBox="-34 -34 68 68" aria-hidden="true">
        <NodeRing node={node} radius={radius} isOrigin={data.isOrigin} isSelected={isSelected} />
        <Inside data={data} />
        <Caption data={data} />
      </svg>
      <div
        className="node-target"
        style={{ inset: NODE_SIZE / 2 - radius - 4 }}
        role="button"
        tabIndex={isCursor ? 0 : -1}
        aria-pressed={isSelected}
        aria-label={describe(data)}
        data-node={node.id}
      />
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
});

function Inside({ data: { node, windowMs, metric } }: { data: ServiceData }) {
  const { stats, box } = node;
  if (box) {
    return (
      <>
        <text className="node-latency" y={0}>
          {box.members.length}
        </text>
        <text className="node-rate" y={13}>
          {node.role === 'client' ? 'clients' : 'services'}
        </text>
      </>
    );
  }
  if (node.role === 'client') {
    return (
      <g className="node-person">
        <KindGlyph kind="person" scale={2.2} />
      </g>
    );
  }
  return (
    <>
      <text className="node-latency" y={stats.total > 0 ? 0 : 4}>
        {stats.total > 0 ? duration(timeOf(stats, metric)) : 'idle'}
      </text>
      {stats.total > 0 && (
        <text className="node-rate" y={13}>
          {rate(stats.total, windowMs)}
        </text>
      )}
    </>
  );
}

/** Below the name of a box: who in it has trouble, else how much passes through. */
function boxLine({ box, role, stats }: SceneNode, windowMs: number): string {
  if (box?.worst) return `worst: ${shortName(box.worst)}`;
  return role === 'client' ? '' : rate(stats.total, windowMs);
}

function Caption({ data: { node, windowMs, radius, isStale } }: { data: ServiceData }) {
  const type = node.box ? boxLine(node, windowMs) : kindName(node.type, node.role);
  const unreached = (node.unreached ?? []).reduce((sum, { calls }) => sum + calls, 0);
  return (
    <>
      <text className="node-name" y={radius + 20}>
        {node.role === 'client' ? 'Clients' : shortName(node.name)}
      </text>
      <g className="node-type">
        {isStale ? (
          <text y={radius + 35}>last seen {minuteTime(node.lastSeen)}</text>
        ) : (
          node.role !== 'client' &&
          type !== '' && (
            <>
              {!node.box && (
                <g transform={`translate(${-(textWidth(type, TYPE_FONT) / 2 + 7)} ${radius + 31})`}>
                  <KindGlyph kind={glyphOf(node.type, node.role, node.name)} scale={0.85} />
                </g>
              )}
              <text x={node.box ? 0 : 3} y={radius + 35}>
                {type}
              </text>
            </>
          )
        )}
        {unreached > 0 && (
          <text className="node-unreached" y={radius + 49}>
            {compactCount(unreached)} not reached
          </text>
        )}
      </g>
    </>
  );
}
