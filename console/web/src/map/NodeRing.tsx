// The ring around a node: an arc for each outcome, and signs for how the node is known.
import { OutcomeShape } from '../outcome/OutcomeGlyph';
import { worstOf } from '../outcome/outcome';
import { compactCount } from '../quantity';
import { arcsOf } from './ring';
import type { SceneNode } from './view/scene';

/** Fewer errors or throttles than this stay an arc; a badge on every node would say nothing. */
const BADGE_SHARE = 0.02;

interface RingProps {
  node: SceneNode;
  radius: number;
  isOrigin: boolean;
  isSelected: boolean;
}

export function NodeRing({ node, radius, isOrigin, isSelected }: RingProps) {
  const isClient = node.role === 'client';
  const arcs = isClient ? [] : arcsOf(node.stats);
  const round = 2 * Math.PI * radius;
  return (
    <>
      {isOrigin && <circle className="ring-halo" r={radius + 9} />}
      {isSelected && <circle className="ring-selected" r={radius + 7} />}
      <circle r={radius + 5} className="ring-moat" />
      {node.box && !isSelected && <circle className="ring-stack" r={radius + 7} />}
      <circle r={radius + 1} className="ring-ground" />
      {arcs.length === 0 && <circle r={radius} className={isClient ? 'ring-client' : 'ring-idle'} />}
      {arcs.map((arc) => (
        <circle
          key={arc.outcome}
          r={radius}
          fill="none"
          className={`ring-arc ring-${arc.outcome}`}
          strokeDasharray={`${arc.share * round} ${round}`}
          transform={`rotate(${arc.start * 360 - 90})`}
        />
      ))}
      <Known node={node} radius={radius} />
      <Badge node={node} radius={radius} />
    </>
  );
}

/** Dashed inside the ring: inferred from its callers. Dotted: nobody told what it is. */
function Known({ node, radius }: { node: SceneNode; radius: number }) {
  if (node.box || node.role === 'client') return null;
  if (node.role === 'aws' || node.role === 'remote') return <circle r={radius - 6} className="ring-inferred" />;
  return node.type == null || node.type === '' ? <circle r={radius - 6} className="ring-unknown" /> : null;
}

function Badge({ node, radius }: { node: SceneNode; radius: number }) {
  const worst = worstOf(node.stats);
  if (node.role === 'client' || worst === 'ok') return null;
  if (worst !== 'fault' && node.stats[worst] < node.stats.total * BADGE_SHARE) return null;
  const amount = compactCount(node.stats[worst]);
  return (
    <g className={`node-badge badge-${worst}`} transform={`translate(${radius * 0.73} ${-radius * 0.8})`}>
      <g className="badge-inside">
        <rect x={-9} y={-9} width={20 + amount.length * 6.4} height={18} rx={9} className="badge-ground" />
        <g transform="translate(1 0) scale(0.85)">
          <OutcomeShape outcome={worst} />
        </g>
        <text x={9} y={4}>
          {amount}
        </text>
      </g>
    </g>
  );
}
