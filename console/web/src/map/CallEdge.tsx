// One edge of the map: width by rate, hue by the worst that callers saw, its strength by the share of it, a label on hover or when lit.
import type { Edge as FlowEdge, EdgeProps } from '@xyflow/react';
import { memo, type CSSProperties } from 'react';
import type { Edge } from '../api/generated/Edge';
import { OUTCOME_WORD, worstOf, type Outcome } from '../outcome/outcome';
import { duration, rate, share } from '../quantity';
import { curve, type Curve } from './curve';

export interface CallData extends Record<string, unknown> {
  edge: Edge;
  windowMs: number;
  isDimmed: boolean;
  isLit: boolean;
  /** Part of the way of a failure: drawn thick and red. */
  isFaultPath: boolean;
  showLabel: boolean;
  isSelected: boolean;
  radii: [source: number, target: number];
  /** The way around what stands between the ends; until that is known, the plain curve. */
  way?: Curve;
  /** Where the width tells it: which part of clients' time passes through. */
  share?: number;
}

export type CallFlowEdge = FlowEdge<CallData, 'call'>;

/** Below this share of calls the arrow head stays plain. */
const ARROW_ABOVE = 0.05;
/** How strong the hue of the smallest share is, and the share from which on it is full. */
const FAINTEST = 0.2;
const FULL_AT = 0.2;

export function edgeWidth(total: number, windowMs: number): number {
  return 0.8 + Math.log2(1 + total / (windowMs / 60_000)) / 3;
}

/** From a hair to a band: what nobody waits for is thin. */
export function shareWidth(part: number): number {
  return 0.6 + 13 * part;
}

export type Tone = Exclude<Outcome, 'ok'> | 'plain';

/** The worst outcome that calls had, and how strongly it shows: by its share, so that one failed call of a thousand is a shade. */
export function edgeTone({ stats }: Pick<Edge, 'stats'>): { tone: Tone; strength: number; share: number } {
  const worst = worstOf(stats);
  if (stats.total === 0 || worst === 'ok') return { tone: 'plain', strength: 0, share: 0 };
  const part = stats[worst] / stats.total;
  return { tone: worst, strength: FAINTEST + (1 - FAINTEST) * Math.sqrt(Math.min(1, part / FULL_AT)), share: part };
}

export function edgeLabel(edge: Edge, windowMs: number): string {
  const { stats } = edge;
  if (stats.total === 0) return '';
  const worst = worstOf(stats);
  const bad = worst === 'ok' ? '' : `${share(stats[worst] / stats.total)} ${OUTCOME_WORD[worst]}s`;
  return [bad, stats.p50 == null ? '' : duration(stats.p50), rate(stats.total, windowMs)].filter(Boolean).join(' · ');
}

/** Of an edge whose label stands for long and must not cover its neighbours: the share that failed, or how long it takes. */
function shortLabel({ stats }: Edge, isFaultPath: boolean): string {
  if (stats.total === 0) return '';
  return isFaultPath || stats.fault > 0 || stats.p50 == null ? share(stats.fault / stats.total) : duration(stats.p50);
}

export const CallEdge = memo(function CallEdge({ sourceX, sourceY, targetX, targetY, data }: EdgeProps<CallFlowEdge>) {
  if (data === undefined) return null;
  const { edge, windowMs, isDimmed, isLit, isFaultPath, showLabel, isSelected, radii, way, share: part } = data;
  const { path, middle } = way ?? curve({ x: sourceX, y: sourceY, radius: radii[0] }, { x: targetX, y: targetY, radius: radii[1] });
  const own = edgeTone(edge);
  const { tone, strength } = isFaultPath ? { tone: 'fault' as const, strength: 1 } : own;
  const arrow = isFaultPath || own.share > ARROW_ABOVE ? tone : 'plain';
  const usual = part === undefined ? edgeWidth(edge.stats.total, windowMs) : shareWidth(part);
  const width = isFaultPath ? Math.max(3, usual) : usual;
  const classes = ['call-edge', `tone-${tone}`];
  if (isDimmed) classes.push('is-dimmed');
  if (isLit) classes.push('is-lit');
  if (isSelected) classes.push('is-selected');
  if (showLabel || isSelected) classes.push('shows-label');
  const waited = part === undefined ? '' : `${share(part)} of clients’ time`;
  const whole = [waited, edgeLabel(edge, windowMs)].filter(Boolean).join(' · ');
  const label = showLabel && !isSelected ? (part === undefined ? shortLabel(edge, isFaultPath) : share(part)) : whole;
  return (
    <g className={classes.join(' ')} data-source={edge.source} data-target={edge.target}>
      <path className="edge-hit" d={path}>
        <title>{whole}</title>
      </path>
      <path
        className="edge-line"
        d={path}
        strokeWidth={width}
        strokeDasharray={edge.isLink ? '6 5' : undefined}
        markerEnd={`url(#arrow-${arrow})`}
        style={{ '--strength': `${Math.round(strength * 100)}%` } as CSSProperties}
      />
      {isFaultPath && <path className="edge-flow" d={path} />}
      {label !== '' && (
        <text className="edge-label" x={middle.x} y={middle.y - 6}>
          {label}
        </text>
      )}
    </g>
  );
});

/** Arrow heads, one for each tone, referred to by every edge. */
export function ArrowHeads() {
  return (
    <svg className="arrow-heads" width="0" height="0" aria-hidden="true">
      <defs>
        {(['plain', 'error', 'throttle', 'fault'] as const).map((tone) => (
          <marker
            key={tone}
            id={`arrow-${tone}`}
            viewBox="0 0 8 8"
            refX="4"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path className={`arrow arrow-${tone}`} d="M0 0.8 8 4 0 7.2Z" />
          </marker>
        ))}
      </defs>
    </svg>
  );
}
