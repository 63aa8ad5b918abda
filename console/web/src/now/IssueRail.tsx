// Active problems as sentences that can be read aloud: who fails, how, since when, and whom it hits.
import Button from '@cloudscape-design/components/button';
import { Link } from 'wouter';
import type { Graph } from '../api/generated/Graph';
import type { Issue } from '../api/generated/Issue';
import { traceLink, linkTo, go } from '../location/address';
import { kindName } from '../map/kind';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { clockTime, count, duration, instant, plural, rate, share, shareOf } from '../quantity';
import { spokenName } from '../map/display-name';
import { activeIssues, culprit, isActive } from './issue';

interface RailProps {
  graph: Graph;
  windowMs: number;
  selected?: string;
  onHover: (id: string | undefined) => void;
  onSelect: (id: string | undefined) => void;
}

export function IssueRail({ graph, windowMs, selected, onHover, onSelect }: RailProps) {
  const { issues } = graph;
  const now = Math.min(graph.now, graph.to);
  const active = activeIssues(graph);
  const past = issues.filter((issue) => !active.includes(issue));
  const lastFailure = Math.max(...issues.map((issue) => issue.lastSeen));
  const cards = (some: Issue[]) =>
    some.map((issue) => (
      <IssueCard key={issue.id} issue={issue} now={now} isSelected={issue.nodeId === selected} onHover={onHover} onSelect={onSelect} />
    ));
  return (
    <aside className="rail" aria-label="Issues">
      <header className="rail-head">
        <h2>Issues</h2>
        {active.length > 0 && <span className="rail-count">{active.length}</span>}
      </header>
      <div className="rail-list" aria-live="polite">
        {active.length === 0 && <AllClear graph={graph} windowMs={windowMs} title={issues.length === 0 ? 'All clear' : `All clear since ${instant(lastFailure)}`} />}
        {cards(active)}
        {past.length > 0 && <h3 className="rail-past">Earlier in this range</h3>}
        {cards(past)}
        {active.length > 0 && <AllClear graph={graph} windowMs={windowMs} />}
      </div>
    </aside>
  );
}

interface CardProps extends Pick<RailProps, 'onHover' | 'onSelect'> {
  issue: Issue;
  now: number;
  isSelected: boolean;
}

function IssueCard({ issue, now, isSelected, onHover, onSelect }: CardProps) {
  const lasted = now - issue.firstSeen;
  const isQuiet = !isActive(issue, now);
  const isUnreachable = issue.role === 'remote' && issue.witness !== issue.name;
  return (
    <article
      className={`issue${isSelected ? ' is-selected' : ''}${isQuiet ? ' is-quiet' : ''}`}
      onMouseEnter={() => onHover(issue.id)}
      onMouseLeave={() => onHover(undefined)}
      onFocus={() => onHover(issue.id)}
      onBlur={() => onHover(undefined)}
    >
      <button type="button" className="issue-title" aria-pressed={isSelected} onClick={() => onSelect(issue.nodeId)}>
        <OutcomeGlyph outcome="fault" label={false} />
        <span>
          <strong title={issue.name}>{culprit(issue)}</strong> {isQuiet ? 'was failing' : 'is failing'}
        </span>
      </button>
      {issue.exceptionName && <p className="issue-exception">{issue.exceptionName}</p>}
      {issue.exceptionMessage && <p className="issue-message">{issue.exceptionMessage}</p>}
      <dl className="issue-facts">
        <div>
          <dt>Since</dt>
          <dd>
            {instant(issue.firstSeen)}{' '}
            <span className="muted">
              {isQuiet ? `to ${instant(issue.lastSeen)}` : `(${duration(Math.max(1000, Math.round(lasted / 1000) * 1000))})`}
            </span>
          </dd>
        </div>
        <div>
          <dt>Failing</dt>
          <dd>
            <Link className="text-link" href={linkTo('/traces', { filter: issue.filter })}>
              {count(issue.failing)} of {count(issue.total)} requests
            </Link>{' '}
            <span className="muted">{shareOf(issue.failing, issue.total)}</span>
          </dd>
        </div>
        {issue.users > 0 && (
          <div>
            <dt>Hit</dt>
            <dd>{plural(issue.users, 'user')}</dd>
          </div>
        )}
        {issue.entry && (
          <div>
            <dt>Entry</dt>
            <dd className="mono">{issue.entry}</dd>
          </div>
        )}
        {issue.service && (
          <div>
            <dt>Host</dt>
            <dd className="mono">{issue.name}</dd>
          </div>
        )}
        {isUnreachable && (
          <div>
            <dt>Seen by</dt>
            <dd>{issue.witness}</dd>
          </div>
        )}
        {issue.affected.length > 0 && (
          <div>
            <dt>Spread</dt>
            <dd>{plural(issue.affected.length, 'service fails', 'services fail')} because of it</dd>
          </div>
        )}
      </dl>
      <div className="issue-actions">
        <Button variant="primary" onClick={() => onSelect(issue.nodeId)} ariaLabel={`Root cause: ${culprit(issue)}`}>
          Root cause
        </Button>
        <Button onClick={() => go(traceLink(issue.example))} ariaLabel={`Example trace of ${culprit(issue)} failing`}>
          Example
        </Button>
      </div>
    </article>
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
