// What the signs mean and how much is on the map.
import type { Graph } from '../api/generated/Graph';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { OUTCOME_NAME, type Outcome } from '../outcome/outcome';
import { plural } from '../quantity';

const ORDER: Outcome[] = ['ok', 'error', 'throttle', 'fault'];

export function MapLegend({ graph }: { graph: Graph }) {
  const services = graph.nodes.filter((node) => node.role !== 'client').length;
  return (
    <div className="map-legend">
      {ORDER.map((outcome) => (
        <span key={outcome}>
          <OutcomeGlyph outcome={outcome} label={false} /> {OUTCOME_NAME[outcome]}
        </span>
      ))}
      <span className="map-legend-count">
        {plural(services, 'node')} · {plural(graph.edges.length, 'connection')}
      </span>
    </div>
  );
}
