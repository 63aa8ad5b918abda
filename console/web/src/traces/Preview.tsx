// A trace beside the list: what it was, how its time was spent, and the exception that ended it.
import Button from '@cloudscape-design/components/button';
import { Link } from 'wouter';
import type { Span } from '../api/generated/Span';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { useSpan, useTrace } from '../api/queries';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { traceLink } from '../location/address';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration, exactInstant, plural } from '../quantity';
import { Exceptions } from '../trace/Exceptions';
import { pathOf } from './TraceTable';
import './preview.css';

/** Enough to see where the time went; the trace itself has all. */
const SPANS = 40;

export function Preview({ id, onClose }: { id: string; onClose: () => void }) {
  const trace = useTrace(id);
  return (
    <aside className="trace-preview" aria-label="Preview">
      <div className="preview-head">
        <h2>{trace.data ? <Title trace={trace.data} /> : 'Trace'}</h2>
        <Button variant="icon" iconName="close" ariaLabel="Close the preview" onClick={onClose} />
      </div>
      {trace.data ? <Body trace={trace.data} /> : trace.error ? <Failure error={trace.error} retry={() => void trace.refetch()} /> : <Loading label="Fetching the trace" />}
    </aside>
  );
}

function Title({ trace: { summary } }: { trace: TraceDetail }) {
  return (
    <>
      <OutcomeGlyph outcome={summary.outcome} /> {summary.method} {summary.url ? pathOf(summary.url) : summary.entryPoint}
    </>
  );
}

function Body({ trace }: { trace: TraceDetail }) {
  const { summary, focus, spans } = trace;
  const detail = useSpan(summary.id, focus ?? undefined).data;
  return (
    <>
      <p className="muted small">
        {exactInstant(summary.start)} · {duration(summary.responseTime ?? summary.duration)} · {plural(summary.segments, 'segment')}
      </p>
      <p className="preview-actions">
        <Link className="text-link" href={traceLink(summary.id)}>
          Open the trace
        </Link>
        <span className="muted small">
          <kbd>,</kbd> <kbd>.</kbd> previous, next
        </span>
      </p>
      <Bars spans={spans} focus={focus ?? undefined} id={summary.id} />
      {detail && detail.exceptions.length > 0 && <Exceptions detail={detail} />}
    </>
  );
}

function Bars({ spans, focus, id }: { spans: readonly Span[]; focus: string | undefined; id: string }) {
  const shown = spans.slice(0, SPANS);
  const end = Math.max(1, ...spans.map((span) => span.start + (span.duration ?? 0)));
  const least = Math.min(0, ...spans.map((span) => span.start));
  const part = (ms: number) => `${Math.max(0, Math.min(100, (ms / (end - least)) * 100))}%`;
  return (
    <ol className="preview-bars" aria-label="Spans">
      {shown.map((span) => (
        <li key={span.id} className={span.id === focus ? 'is-focus' : undefined}>
          <Link href={traceLink(id, { span: span.id })} title={`${span.name}, ${duration(span.duration)}`}>
            <span className="preview-name" style={{ paddingLeft: Math.min(span.depth, 8) * 8 }}>
              {span.outcome !== 'ok' && <OutcomeGlyph outcome={span.outcome} />} {span.name}
            </span>
            <span className="preview-track">
              <span className={`bar-${span.outcome}`} style={{ marginLeft: part(span.start - least), width: part(span.duration ?? end - span.start) }} />
            </span>
            <span className="preview-time">{duration(span.duration)}</span>
          </Link>
        </li>
      ))}
      {spans.length > SPANS && <li className="muted small">{plural(spans.length - SPANS, 'more span')} in the trace itself</li>}
    </ol>
  );
}
