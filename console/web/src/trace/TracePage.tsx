// One trace: what it was, how its time was spent, and everything that was recorded about each span.
import Alert from '@cloudscape-design/components/alert';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { ApiError } from '../api/client';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { useTrace } from '../api/queries';
import { Failure } from '../app/Failure';
import { Loading } from '../app/Loading';
import { useTitle } from '../app/useTabStatus';
import { useShortcuts } from '../app/useShortcuts';
import { useAddress } from '../location/address';
import { traceIdIn } from '../location/trace-id';
import { RawView } from './RawView';
import { faultsOf } from './rows';
import { SpanPane } from './SpanPane';
import { TraceHeader } from './TraceHeader';
import { Waterfall } from './Waterfall';

export default function TracePage({ id }: { id: string }) {
  const known = traceIdIn(decodeURIComponent(id)) ?? decodeURIComponent(id);
  const trace = useTrace(known);
  useTitle(trace.data ? `${trace.data.summary.method ?? 'Trace'} ${trace.data.summary.entryPoint ?? ''}`.trim() : 'Trace');
  if (trace.data) return <Shown trace={trace.data} />;
  if (trace.error instanceof ApiError && trace.error.status === 404) return <Unknown id={known} />;
  return trace.error ? (
    <Failure error={trace.error} retry={() => void trace.refetch()} />
  ) : (
    <Loading label="Fetching the trace" />
  );
}

function Unknown({ id }: { id: string }) {
  return (
    <div className="empty" role="status">
      <h1>This trace is not known</h1>
      <p>
        Nothing with the id <code>{id}</code> was received, or it is older than what is kept. A trace shows within a second of its
        first segment; if it was sent just now, this page finds it by itself.
      </p>
    </div>
  );
}

function Shown({ trace }: { trace: TraceDetail }) {
  const { params, change } = useAddress();
  const { spans, focus } = trace;
  const byId = useMemo(() => new Map(spans.map((span, index) => [span.id, index])), [spans]);
  const [first] = useState(() => focus ?? spans[0]?.id);
  const wanted = params.get('span') ?? first;
  const selected = wanted !== undefined && byId.has(wanted) ? wanted : spans[0]?.id;
  const isRaw = params.get('view') === 'raw';
  const faults = useMemo(() => faultsOf(spans), [spans]);
  const select = useCallback((span: string) => change({ span }), [change]);

  const step = useCallback(
    (by: 1 | -1) => {
      if (faults.length === 0) return;
      const here = selected === undefined ? -1 : byId.get(selected)!;
      const next = by === 1 ? (faults.find((index) => index > here) ?? faults[0]!) : (faults.findLast((index) => index < here) ?? faults.at(-1)!);
      change({ span: spans[next]!.id, pane: 'exceptions' });
    },
    [byId, change, faults, selected, spans],
  );
  useShortcuts({ n: () => step(1), N: () => step(-1) });
  // The address names what is shown from the start, so that copying it leads here.
  useEffect(() => {
    if (params.get('span') === null && focus != null) change({ span: focus });
  }, []);

  return (
    <div className="trace">
      <TraceHeader
        trace={trace}
        faults={faults}
        selected={selected === undefined ? undefined : byId.get(selected)}
        isRaw={isRaw}
        onRaw={(raw) => change({ view: raw ? 'raw' : undefined })}
        onStep={step}
      />
      {trace.missing.length > 0 && (
        <div className="trace-warning">
          <Alert type="warning" header="This trace is not complete">
            <ul className="missing">
              {trace.missing.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          </Alert>
        </div>
      )}
      {isRaw ? (
        <RawView trace={trace} />
      ) : (
        <div className="trace-body">
          <Waterfall trace={trace} selected={selected} onSelect={select} />
          {selected !== undefined && <SpanPane trace={trace} span={spans[byId.get(selected)!]!} />}
        </div>
      )}
    </div>
  );
}
