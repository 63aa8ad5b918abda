// A trace beside the list: what it was, how its time was spent, and the exception that ended it.
import Button from '@cloudscape-design/components/button';
import { Link } from 'wouter';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { useSpan, useTrace } from '../api/queries';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { traceLink } from '../location/address';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration, exactInstant, plural } from '../quantity';
import { Exceptions } from '../trace/Exceptions';
import { MiniWaterfall } from './MiniWaterfall';
import { pathOf } from './path-of';
import './preview.css';

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
      <MiniWaterfall spans={spans} focus={focus ?? undefined} id={summary.id} />
      {detail && detail.exceptions.length > 0 && <Exceptions detail={detail} />}
    </>
  );
}
