// Picks the trace to compare with: the nearest requests of the same kind, those that went well first, or any by its id.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from '../api/client';
import type { TraceDetail } from '../api/generated/TraceDetail';
import type { TraceList } from '../api/generated/TraceList';
import type { TraceRow } from '../api/generated/TraceRow';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { and, quoted } from '../filter/expression';
import { traceIdIn } from '../location/trace-id';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration, exactInstant, instant } from '../quantity';
import { pathOf } from '../traces/TraceTable';

/** Looked for near the trace first; further away only where there is nothing near. */
const AROUND_MS = [15 * 60_000, 12 * 3_600_000];
const LOOKED_AT = 300;
const OFFERED = 12;

export function PickOther({ trace, onPick }: { trace: TraceDetail; onPick: (id: string) => void }) {
  const { summary } = trace;
  const wantsGood = summary.outcome !== 'ok';
  const answer = useQuery({ queryKey: ['alike', summary.id, wantsGood], queryFn: ({ signal }) => nearest(summary, wantsGood, signal) });
  const [text, setText] = useState('');
  const written = traceIdIn(text);
  return (
    <section className="pick-other" aria-label="Pick a trace to compare with">
      <h2>{wantsGood ? 'Compare with a good request' : 'Compare with another request'}</h2>
      {answer.error && <Failure error={answer.error} retry={() => void answer.refetch()} />}
      {answer.isPending && <Loading label="Looking for requests of the same kind" />}
      {answer.data && (
        <>
          <p className="muted">{answer.data.length === 0 ? 'No other request of the same kind is stored around its time.' : 'Nearest in time first.'}</p>
          <ul className="pick-list">
            {answer.data.map((row) => (
              <li key={row.id}>
                <button type="button" onClick={() => onPick(row.id)} title={exactInstant(row.start)}>
                  <OutcomeGlyph outcome={row.outcome} />
                  <span>
                    {row.method} {row.url ? pathOf(row.url) : row.entryPoint}
                  </span>
                  <span>{duration(row.responseTime ?? row.duration)}</span>
                  <span className="muted">
                    {instant(row.start)}, {apart(row, summary)}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (written !== undefined) onPick(written);
        }}
      >
        <label>
          Or any other trace by its id{' '}
          <input type="text" value={text} onChange={(event) => setText(event.target.value)} placeholder="1-67a…" aria-invalid={text !== '' && written === undefined} />
        </label>
        <button type="submit" className="tool-button" disabled={written === undefined}>
          Compare
        </button>
      </form>
    </section>
  );
}

function apart(row: TraceRow, to: TraceRow): string {
  return `${duration(Math.abs(row.start - to.start))} ${row.start < to.start ? 'earlier' : 'later'}`;
}

/** Traces with the same entry, the nearest first. */
async function nearest(summary: TraceRow, wantsGood: boolean, signal: AbortSignal): Promise<TraceRow[]> {
  const outcome = wantsGood ? 'ok' : undefined;
  const entry = summary.entryPoint == null ? undefined : `service(${quoted(summary.entryPoint)})`;
  const method = summary.method == null ? undefined : `http.method = ${quoted(summary.method)}`;
  const exact = summary.url == null ? undefined : `http.url = ${quoted(summary.url)}`;
  for (const around of AROUND_MS) {
    for (const filter of [exact && and(exact, method, outcome), and(entry, method, outcome)]) {
      if (filter === undefined) continue;
      const range = { from: Math.floor(summary.start - around), to: Math.ceil(summary.start + around) };
      const list = await get<TraceList>('/api/traces', { ...range, filter, limit: LOOKED_AT }, signal);
      const others = list.traces.filter((row) => row.id !== summary.id && row.entryPoint === summary.entryPoint);
      others.sort((a, b) => Math.abs(a.start - summary.start) - Math.abs(b.start - summary.start));
      if (others.length > 0) return others.slice(0, OFFERED);
    }
  }
  return [];
}
