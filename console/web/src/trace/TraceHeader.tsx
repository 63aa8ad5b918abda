// What a trace was in a few lines, and the ways to look at it.
import { Link } from 'wouter';
import type { SpanKind } from '../api/generated/SpanKind';
import { Copy } from '../ui/Copy';
import { isFromFile } from '../file/held';
import { quoted } from '../filter/expression';
import { linkTo, traceLink } from '../location/address';
import { placeInResults } from '../location/results';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { OUTCOME_NAME } from '../outcome/outcome';
import { count, duration, exactInstant, instant, plural } from '../quantity';
import { pathOf } from '../traces/path-of';
import { holdupsOf } from './critical';
import { swatch } from './palette';
import { ShareMenu } from './ShareMenu';
import type { Shown } from './useShown';
import { ViewBar } from './ViewBar';

/** Users and the like of one trace that fit into a line. */
const MOST_USERS = 3;

export function TraceHeader({ shown }: { shown: Shown }) {
  const { trace, spans } = shown;
  const { summary } = trace;
  const amounts: Record<SpanKind, number> = { segment: 0, subsegment: 0, inferred: 0 };
  for (const span of spans) amounts[span.kind] += 1;
  return (
    <header className="trace-head">
      <div className="trace-title">
        <Walk id={summary.id} />
        <OutcomeGlyph outcome={summary.outcome} />
        <h1 title={summary.url ?? undefined}>
          {summary.method && <span className="method">{summary.method}</span>} {summary.url ? pathOf(summary.url) : (summary.entryPoint ?? 'Trace')}
        </h1>
        <span className={`status-word outcome-text-${summary.outcome}`}>
          {summary.status ?? ''} {OUTCOME_NAME[summary.outcome]}
        </span>
        <span className="trace-tools">
          {!isFromFile(summary.id) && (
            <Link
              className="tool-button"
              href={traceLink(summary.id, { view: 'compare' })}
              title={summary.outcome === 'ok' ? 'Compare with another request of the same kind' : 'Compare with the nearest request of the same kind that went well'}
            >
              {summary.outcome === 'ok' ? 'Compare' : 'Compare with a good request'}
            </Link>
          )}
          <ShareMenu shown={shown} />
        </span>
      </div>
      <ul className="trace-facts">
        <li>
          <strong>{duration(summary.duration ?? summary.responseTime)}</strong>
        </li>
        <li title={exactInstant(summary.start)}>{instant(summary.start)}</li>
        <li>
          {plural(amounts.segment, 'segment')}, {plural(amounts.subsegment, 'subsegment')}
          {amounts.inferred > 0 && <span title="Calls of what sends no segments itself: tables, queues, databases, hosts">, {count(amounts.inferred)} remote</span>}
        </li>
        {summary.users.slice(0, MOST_USERS).map((user) => (
          <li key={user}>
            user{' '}
            <Link className="text-link" href={linkTo('/traces', { filter: `user = ${quoted(user)}` })}>
              {user}
            </Link>
          </li>
        ))}
        {summary.users.length > MOST_USERS && <li>and {plural(summary.users.length - MOST_USERS, 'other user')}</li>}
        {summary.clientIp && <li>from {summary.clientIp}</li>}
        <li>
          <code>{summary.id}</code> <Copy text={summary.id} what="trace id" />
        </li>
      </ul>
      <Story shown={shown} />
      <ViewBar shown={shown} />
    </header>
  );
}

/** Where one is in the list that one came from. */
function Walk({ id }: { id: string }) {
  const place = placeInResults(id);
  if (!place) return null;
  const step = (to: string | undefined, label: string, glyph: string) =>
    to === undefined ? (
      <span className="walk-step is-off" aria-hidden="true">
        {glyph}
      </span>
    ) : (
      <Link className="walk-step" href={traceLink(to)} aria-label={label} title={label}>
        {glyph}
      </Link>
    );
  return (
    <nav className="walk" aria-label="Results">
      {step(place.previous, 'Previous result (,)', '‹')}
      <Link className="text-link" href={place.href} title="Back to the list">
        {count(place.position)} of {count(place.total)}
      </Link>
      {step(place.next, 'Next result (.)', '›')}
    </nav>
  );
}

/** Where it failed, and what it waited for. */
function Story({ shown }: { shown: Shown }) {
  const { summary, criticalPath } = shown.trace;
  const holdups = holdupsOf(criticalPath);
  const hasOrigin = summary.origin != null || summary.exception != null;
  if (!hasOrigin && holdups.length === 0) return null;
  return (
    <p className="trace-story">
      {hasOrigin && (
        <span className="trace-origin">
          Root cause: <strong>{summary.origin ?? 'unknown'}</strong> {summary.exception && <code>{summary.exception}</code>}
        </span>
      )}
      {holdups.length > 0 && (
        <span className="trace-critical" title="What the trace waited for, moment by moment; anything else could be slower without making it slower">
          Critical path:{' '}
          {holdups.map((holdup, index) => (
            <span key={holdup.name}>
              {index > 0 && ', '}
              {!holdup.isNetwork && (
                <span className="service-dot" style={{ background: swatch(shown.services.get(holdup.name) ?? 0) }} aria-hidden="true" />
              )}
              {holdup.text}
            </span>
          ))}
        </span>
      )}
    </p>
  );
}
