// One trace: what it was, how its time was spent, and everything that was recorded about each span.
import { useEffect } from 'react';
import { Link } from 'wouter';
import { ApiError } from '../api/client';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { useTrace } from '../api/queries';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { useTitle } from '../ui/useTabStatus';
import { useShortcuts } from '../ui/useShortcuts';
import { decoded, go, traceLink, useAddress } from '../location/address';
import { isFromFile, refusedOfFile } from '../file/held';
import { plural } from '../quantity';
import { placeInResults } from '../location/results';
import { traceIdIn } from '../location/trace-id';
import { CompareView } from './CompareView';
import { FlameView } from './FlameView';
import { MapView } from './MapView';
import { Notices } from './Notices';
import { RawView } from './RawView';
import { SpanPane } from './SpanPane';
import { TableView } from './TableView';
import { TraceHeader } from './TraceHeader';
import { Unknown } from './Unknown';
import { useShown, type Shown } from './useShown';
import { Waterfall } from './Waterfall';
import '../file/file.css';
import './trace-view.css';
import './trace.css';
import './waterfall.css';

export default function TracePage({ id }: { id: string }) {
  const written = decoded(id);
  const known = traceIdIn(written) ?? written;
  const trace = useTrace(known);
  useTitle(trace.data ? `${trace.data.summary.method ?? 'Trace'} ${trace.data.summary.entryPoint ?? ''}`.trim() : 'Trace');
  useWalk(known);
  if (trace.data) return <Known trace={trace.data} />;
  if (trace.error instanceof ApiError && [400, 404].includes(trace.error.status)) return <Unknown id={known} />;
  return trace.error ? (
    <div className="page">
      <h1>The trace cannot be shown now</h1>
      <Failure error={trace.error} retry={() => void trace.refetch()} />
    </div>
  ) : (
    <Loading label="Fetching the trace" />
  );
}

/** `.` and `,` go through the list that the reader came from. */
function useWalk(id: string): void {
  const walk = (to: string | undefined) => to !== undefined && go(traceLink(to));
  useShortcuts({ '.': () => walk(placeInResults(id)?.next), ',': () => walk(placeInResults(id)?.previous) });
}

function Known({ trace }: { trace: TraceDetail }) {
  const shown = useShown(trace);
  const { params, change } = useAddress();
  useShortcuts({ n: () => shown.stepFault(1), N: () => shown.stepFault(-1), c: shown.toggleCritical, e: () => shown.stepMark(1), E: () => shown.stepMark(-1) });
  // The address names what is shown from the start, so that copying it leads here.
  useEffect(() => {
    if (params.get('span') === null && trace.focus != null) change({ span: trace.focus });
  }, []);
  return (
    <div className="trace">
      {isFromFile(trace.summary.id) && <FromFile id={trace.summary.id} />}
      <TraceHeader shown={shown} />
      {shown.view !== 'raw' && shown.view !== 'compare' && <Notices shown={shown} />}
      <Body shown={shown} />
    </div>
  );
}

function FromFile({ id }: { id: string }) {
  const refused = refusedOfFile(id);
  return (
    <p className="file-notice" role="status">
      From a file, and not stored here.{' '}
      <Link className="text-link" href="/file">
        Its traces
      </Link>
      {refused.length > 0 && <span title={refused.join('\n')}>; {plural(refused.length, 'document')} cannot be read</span>}
    </p>
  );
}

function Body({ shown }: { shown: Shown }) {
  const { trace, spans, selected, view } = shown;
  if (view === 'raw') return <RawView trace={trace} />;
  if (view === 'compare') return <CompareView shown={shown} />;
  const span = spans[selected];
  return (
    <div className="trace-body">
      {view === 'timeline' && <Waterfall shown={shown} />}
      {view === 'map' && <MapView shown={shown} />}
      {view === 'flame' && <FlameView shown={shown} />}
      {view === 'table' && <TableView shown={shown} />}
      {span && <SpanPane shown={shown} span={span} />}
    </div>
  );
}
