// Active problems as sentences that can be read aloud: who fails or is slow, how, since when, and whom it hits.
import type { Graph } from '../api/generated/Graph';
import type { History } from '../api/generated/History';
import type { Issue } from '../api/generated/Issue';
import { kindName } from '../map/kind';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { clockTime, count, duration, instant, rate, share } from '../quantity';
import { spokenName } from '../map/display-name';
import { activeIssues, slowIssues } from '../issue/issue';
import { IssueCard, type RailActions } from './IssueCard';
import { SlowCard } from './SlowCard';

interface RailProps extends RailActions {
  graph: Graph;
  history?: History;
  windowMs: number;
  selected?: string;
}

export function IssueRail({ graph, history, windowMs, selected, onHover, onSelect }: RailProps) {
  const { issues } = graph;
  const now = Math.min(graph.now, graph.to);
  const active = activeIssues(graph);
  const past = issues.filter((issue) => !active.includes(issue));
  const slow = slowIssues(history, active);
  const lastFailure = Math.max(...issues.map((issue) => issue.lastSeen));
  const cards = (some: Issue[]) =>
    some.map((issue) => (
      <IssueCard key={issue.id} issue={issue} now={now} isSelected={issue.nodeId === selected} onHover={onHover} onSelect={onSelect} />
    ));
  const isClear = active.length + slow.length === 0;
  return (
    <aside className="rail" aria-label="Issues">
      <header className="rail-head">
        <h2>Issues</h2>
        {!isClear && <span className={active.length > 0 ? 'rail-count' : 'rail-count is-slow'}>{active.length + slow.length}</span>}
      </header>
      <div className="rail-list" aria-live="polite">
        {isClear && <AllClear graph={graph} windowMs={windowMs} title={issues.length === 0 ? 'All clear' : `All clear since ${instant(lastFailure)}`} />}
        {cards(active)}
        {slow.map((one) => (
          <SlowCard key={one.nodeId} slow={one} isSelected={one.nodeId === selected} onHover={onHover} onSelect={onSelect} />
        ))}
        {past.length > 0 && <h3 className="rail-past">Earlier in this range</h3>}
        {cards(past)}
        {!isClear && <AllClear graph={graph} windowMs={windowMs} />}
      </div>
    </aside>
  );
}

/** How all is; with a title, that nothing fails. */
function AllClear({ graph, windowMs, title }: { graph: Graph; windowMs: number; title?: string }) {
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
