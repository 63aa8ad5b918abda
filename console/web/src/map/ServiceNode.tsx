// One node of the map: a ring by outcome, response time and rate inside, name and type below.
import { Handle, Position, type Node as FlowNode, type NodeProps } from '@xyflow/react';
import { memo } from 'react';
import type { Node } from '../api/generated/Node';
import { OutcomeShape } from '../outcome/OutcomeGlyph';
import { OUTCOME_WORD, OUTCOMES, worstOf } from '../outcome/outcome';
import { compactCount, duration, minuteTime, rate, shareOf } from '../quantity';
import { shortName, spokenName } from './display-name';
import { glyphOf, kindName } from './kind';
import { KindGlyph } from './KindGlyph';
import { arcsOf } from './ring';
import { textWidth } from './text-width';

export interface ServiceData extends Record<string, unknown> {
  node: Node;
  windowMs: number;
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
const RADIUS = 30;
const TYPE_FONT = '10.5px "Open Sans", sans-serif';
const ROUND = 2 * Math.PI * RADIUS;
/** Fewer errors or throttles than this stay an arc; a badge on every node would say nothing. */
const BADGE_SHARE = 0.02;

export function describe({ node, windowMs }: Pick<ServiceData, 'node' | 'windowMs'>): string {
  const { stats } = node;
  if (node.role === 'client') return `Clients of ${spokenName(node.name)}`;
  const parts = [node.name, kindName(node.type, node.role)];
  if (stats.total > 0) {
    parts.push(duration(stats.p50), rate(stats.total, windowMs));
    for (const outcome of OUTCOMES) {
      if (outcome !== 'ok' && stats[outcome] > 0) parts.push(`${shareOf(stats[outcome], stats.total)} ${OUTCOME_WORD[outcome]}`);
    }
  }
  return parts.filter(Boolean).join(', ');
}

export const ServiceNode = memo(function ServiceNode({ data }: NodeProps<ServiceFlowNode>) {
  const { node, isSelected, isDimmed, isProminent, isStale, isCursor, isOrigin } = data;
  const classes = ['service-node'];
  if (isSelected) classes.push('is-selected');
  if (isDimmed) classes.push('is-dimmed');
  if (isProminent) classes.push('is-prominent');
  if (isStale) classes.push('is-stale');
  if (isOrigin) classes.push('is-origin');
  return (
    <div className={classes.join(' ')}>
      <svg width={NODE_SIZE} height={NODE_SIZE} viewBox="-34 -34 68 68" aria-hidden="true">
        <Ring node={node} isOrigin={isOrigin} isSelected={isSelected} />
        <Inside data={data} />
        <Badge node={node} />
        <Caption data={data} />
      </svg>
      <div
        className="node-target"
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

function Ring({ node, isOrigin, isSelected }: { node: Node; isOrigin: boolean; isSelected: boolean }) {
  const arcs = node.role === 'client' ? [] : arcsOf(node.stats);
  const isInferred = node.role === 'aws' || node.role === 'remote';
  return (
    <>
      {isOrigin && <circle className="ring-halo" r={RADIUS + 9} />}
      {isSelected && <circle className="ring-selected" r={RADIUS + 7} />}
      <circle r={RADIUS + 1} className="ring-ground" />
      {arcs.length === 0 && <circle r={RADIUS} className={node.role === 'client' ? 'ring-client' : 'ring-idle'} />}
      {arcs.map((arc) => (
        <circle
          key={arc.outcome}
          r={RADIUS}
          fill="none"
          className={`ring-arc ring-${arc.outcome}`}
          strokeDasharray={`${arc.share * ROUND} ${ROUND}`}
          transform={`rotate(${arc.start * 360 - 90})`}
        />
      ))}
      {isInferred && <circle r={RADIUS - 6} className="ring-inferred" />}
    </>
  );
}

function Inside({ data: { node, windowMs } }: { data: ServiceData }) {
  if (node.role === 'client') {
    return (
      <g className="node-person">
        <KindGlyph kind="person" scale={2.2} />
      </g>
    );
  }
  const { stats } = node;
  return (
    <>
      <text className="node-latency" y={stats.total > 0 ? 0 : 4}>
        {stats.total > 0 ? duration(stats.p50 ?? stats.average) : 'idle'}
      </text>
      {stats.total > 0 && (
        <text className="node-rate" y={13}>
          {rate(stats.total, windowMs)}
        </text>
      )}
    </>
  );
}

function Badge({ node }: { node: Node }) {
  const worst = worstOf(node.stats);
  if (node.role === 'client' || worst === 'ok') return null;
  if (worst !== 'fault' && node.stats[worst] < node.stats.total * BADGE_SHARE) return null;
  const amount = compactCount(node.stats[worst]);
  return (
    <g className={`node-badge badge-${worst}`} transform="translate(22 -24)">
      <rect x={-9} y={-9} width={20 + amount.length * 6.4} height={18} rx={9} className="badge-ground" />
      <g transform="translate(1 0) scale(0.85)">
        <OutcomeShape outcome={worst} />
      </g>
      <text x={9} y={4}>
        {amount}
      </text>
    </g>
  );
}

function Caption({ data: { node, isStale } }: { data: ServiceData }) {
  const type = kindName(node.type, node.role);
  return (
    <>
      <text className="node-name" y={RADIUS + 20}>
        {node.role === 'client' ? 'Clients' : shortName(node.name)}
      </text>
      <g className="node-type">
        {isStale ? (
          <text y={RADIUS + 35}>last seen {minuteTime(node.lastSeen)}</text>
        ) : (
          node.role !== 'client' && type !== '' && (
            <>
              <g transform={`translate(${-(textWidth(type, TYPE_FONT) / 2 + 7)} ${RADIUS + 31})`}>
                <KindGlyph kind={glyphOf(node.type, node.role, node.name)} scale={0.85} />
              </g>
              <text x={3} y={RADIUS + 35}>
                {type}
              </text>
            </>
          )
        )}
      </g>
    </>
  );
}
