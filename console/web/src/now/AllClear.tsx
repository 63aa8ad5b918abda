// How all is: a few numbers of the range, and whether anything is broken.
import type { Graph } from '../api/generated/Graph';
import { spokenName } from '../map/display-name';
import { kindName } from '../map/kind';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { clockTime, count, duration, rate, share } from '../quantity';

/** With a title, that nothing is broken. */
export function AllClear({ graph, windowMs, title }: { graph: Graph; windowMs: number; title?: string }) {
  const services = graph.nodes.filter((node) => node.role !== 'client');
  const totals = graph.series.reduce(
    (sum, point) => ({
      all: sum.all + point.ok + point.error + point.throttle + point.fault,
      fault: sum.fault + point.fault,
    }),
    { all: 0, fault: 0 },
  );
  const slowest = [...services].sort((a, b) => (b.stats.p99 ?? 0) - (a.stats.p99 ?? 0))[0];
  if (services.length === 0) return title ? <p className="rail-quiet">No services in this range.</p> : null;
  return (
    <div className={title ? 'all-clear' : 'all-clear is-below'}>
      {title && (
        <p className="all-clear-title">
          <OutcomeGlyph outcome="ok" label={false} /> <strong>{title}</strong>
        </p>
      )}
      <dl className="issue-facts">
        <div>
          <dt>Services</dt>
          <dd>{services.length}</dd>
        </div>
        <div>
          <dt>Requests</dt>
          <dd>
            {count(totals.all)} <span className="muted">{rate(totals.all, windowMs)}</span>
          </dd>
        </div>
        <div>
          <dt>Faults</dt>
          <dd>{totals.all === 0 ? '–' : share(totals.fault / totals.all)}</dd>
        </div>
        {slowest?.stats.p99 != null && (
          <div>
            <dt>Slowest</dt>
            <dd title={kindName(slowest.type, slowest.role)}>
              {spokenName(slowest.name)} <span className="muted">p99 {duration(slowest.stats.p99)}</span>
            </dd>
          </div>
        )}
        <div>
          <dt>As of</dt>
          <dd>{clockTime(Math.min(graph.now, graph.to))}</dd>
        </div>
      </dl>
    </div>
  );
}
