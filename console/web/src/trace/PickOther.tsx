// Picks the trace to compare with: the nearest requests of the same kind, those that went well first, or any by its id.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { TraceDetail } from '../api/generated/TraceDetail';
import type { TraceRow } from '../api/generated/TraceRow';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { traceIdIn } from '../location/trace-id';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration, exactInstant, instant } from '../quantity';
import { pathOf } from '../traces/path-of';
import { nearest } from './nearest';

interface PickProps {
  trace: TraceDetail;
  /** The reader wants to choose; else the nearest is taken at once. */
  isAsked: boolean;
  /** `isOwn` where the reader chose. */
  onPick: (id: string, isOwn: boolean) => void;
}

export function PickOther({ trace, isAsked, onPick }: PickProps) {
  const { summary } = trace;
  const wantsGood = summary.outcome !== 'ok';
  const answer = useQuery({ queryKey: ['alike', summary.id, wantsGood], queryFn: ({ signal }) => nearest(summary, wantsGood, signal) });
  const best = answer.data?.[0]?.id;
  useEffect(() => {
    if (!isAsked && best !== undefined) onPick(best, false);
  }, [isAsked, best]);
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
                <button type="button" onClick={() => onPick(row.id, true)} title={exactInstant(row.start)}>
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
          if (written !== undefined) onPick(written, true);
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
