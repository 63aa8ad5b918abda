// What the signs mean and how much is on the map.
import type { CriticalPaths } from '../api/generated/CriticalPaths';
import type { Graph } from '../api/generated/Graph';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { OUTCOME_NAME, type Outcome } from '../outcome/outcome';
import { plural } from '../quantity';
import '../map/map.css';
import '../map/map-edge.css';
import '../map/map-controls.css';

const ORDER: Outcome[] = ['ok', 'error', 'throttle', 'fault'];

interface LegendProps {
  graph: Graph;
  drawn: number;
  hasBoxes: boolean;
  /** Where edges are as wide as the part of clients' time that passes through. */
  paths?: CriticalPaths;
}

export function MapLegend({ graph, drawn, hasBoxes, paths }: LegendProps) {
  const services = graph.nodes.filter((node) => node.role !== 'client').length;
  const isPart = drawn < graph.nodes.length;
  return (
    <div className="map-legend">
      {ORDER.map((outcome) => (
        <span key={outcome}>
          <OutcomeGlyph outcome={outcome} label={false} /> {OUTCOME_NAME[outcome]}
        </span>
      ))}
      <span>
        <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">
          <circle className="ring-inferred" r="5.5" />
        </svg>{' '}
        Inferred
      </span>
      <span>
        <svg width="18" height="14" viewBox="0 0 18 14" aria-hidden="true">
          <path className="edge-line" d="M1 7H17" strokeDasharray="4 3" strokeWidth="1.5" />
        </svg>{' '}
        Link
      </span>
      {hasBoxes && (
        <span>
          <svg width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true">
            <circle className="ring-stack" r="7" />
            <circle className="ring-stack" r="4.5" />
          </svg>{' '}
          Several services
        </span>
      )}
      {paths && (
        <span>
          Width: clients’ time through it, of {paths.complete ? '' : 'the newest '}
          {plural(paths.traces, 'request')}
        </span>
      )}
      <span className="map-legend-count">
        {plural(services, 'node')} · {plural(graph.edges.length, 'connection')}
        {isPart && ` · ${drawn} drawn`}
      </span>
    </div>
  );
}
