// The one line that says what a trace was, and the ways to look at it.
import Button from '@cloudscape-design/components/button';
import { Link } from 'wouter';
import type { SpanKind } from '../api/generated/SpanKind';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { Copy } from '../app/Copy';
import { quoted } from '../filter/expression';
import { linkTo, traceLink } from '../location/address';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { OUTCOME_NAME } from '../outcome/outcome';
import { duration, exactInstant, instant, plural } from '../quantity';
import { pathOf } from '../traces/TraceTable';

interface HeaderProps {
  trace: TraceDetail;
  faults: number[];
  selected?: number;
  isRaw: boolean;
  onRaw: (isRaw: boolean) => void;
  onStep: (by: 1 | -1) => void;
}

export function TraceHeader({ trace, faults, selected, isRaw, onRaw, onStep }: HeaderProps) {
  const { summary, spans, links } = trace;
  const amount = (kind: SpanKind) => spans.filter((span) => span.kind === kind).length;
  const at = selected === undefined ? -1 : faults.indexOf(selected);
  return (
    <header className="trace-head">
      <div className="trace-title">
        <OutcomeGlyph outcome={summary.outcome} />
        <h1 title={summary.url ?? undefined}>
          {summary.method && <span className="method">{summary.method}</span>}{' '}
          {summary.url ? pathOf(summary.url) : (summary.entryPoint ?? 'Trace')}
        </h1>
        <span className={`status-word outcome-text-${summary.outcome}`}>
          {summary.status ?? ''} {OUTCOME_NAME[summary.outcome]}
        </span>
        <span className="trace-tools">
          {faults.length > 0 && (
            <span className="fault-steps">
              <span className="muted">{at >= 0 ? `${at + 1} of ` : ''}{plural(faults.length, 'fault')}</span>
              <Button iconName="angle-up" variant="icon" ariaLabel="Previous fault (Shift n)" onClick={() => onStep(-1)} />
              <Button iconName="angle-down" variant="icon" ariaLabel="Next fault (n)" onClick={() => onStep(1)} />
            </span>
          )}
          <Button onClick={() => onRaw(!isRaw)}>{isRaw ? 'Timeline' : 'Raw JSON'}</Button>
        </span>
      </div>
      <ul className="trace-facts">
        <li>
          <strong>{duration(summary.duration ?? summary.responseTime)}</strong>
        </li>
        <li title={exactInstant(summary.start)}>{instant(summary.start)}</li>
        <li>
          {plural(amount('segment'), 'segment')}, {plural(amount('subsegment'), 'subsegment')}
        </li>
        {summary.users.map((user) => (
          <li key={user}>
            user{' '}
            <Link className="text-link" href={linkTo('/traces', { filter: `user = ${quoted(user)}` })}>
              {user}
            </Link>
          </li>
        ))}
        {summary.clientIp && <li>from {summary.clientIp}</li>}
        <li>
          <code>{summary.id}</code> <Copy text={summary.id} what="trace id" />
        </li>
      </ul>
      {(summary.origin || summary.exception) && (
        <p className="trace-origin">
          Root cause: <strong>{summary.origin ?? 'unknown'}</strong> {summary.exception && <code>{summary.exception}</code>}
        </p>
      )}
      {links.length > 0 && (
        <p className="trace-links">
          Linked traces:{' '}
          {links.map((id) => (
            <Link key={id} className="text-link mono" href={traceLink(id)}>
              {id}
            </Link>
          ))}
        </p>
      )}
    </header>
  );
}
