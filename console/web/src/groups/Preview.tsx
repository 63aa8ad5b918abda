// How many traces a filter matches now, and the newest of them.
import type { TraceList } from '../api/generated/TraceList';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { Failure } from '../ui/Failure';
import { traceLink, useRange } from '../location/address';
import { ago, count, duration, shareOf } from '../quantity';
import { serverNow } from '../api/live';

interface PreviewProps {
  list?: TraceList;
  isCurrent: boolean;
  isEmptyFilter: boolean;
  error: Error | null;
}

export function Preview({ list, isCurrent, isEmptyFilter, error }: PreviewProps) {
  const range = useRange();
  const when = range.kind === 'relative' ? 'now' : 'in the range above';
  if (isEmptyFilter) return <p className="preview-empty muted">What the filter matches {when} shows here while you write it.</p>;
  if (error) return <Failure error={error} retry={() => {}} />;
  if (list === undefined) return <p className="preview-empty muted">Counting …</p>;
  return (
    <section className={isCurrent ? 'preview' : 'preview is-old'} aria-label="What the filter matches">
      <p role="status">
        <strong>{`${count(list.matched)}${list.complete ? '' : '+'}`}</strong> of {count(list.scanned)} traces match {when} ({shareOf(list.matched, list.scanned)})
      </p>
      {list.matched === 0 && list.scanned > 0 && <p className="muted small">A group may well be empty: it collects what comes.</p>}
      {list.traces.length > 0 && (
        <table className="grid">
          <tbody>
            {list.traces.map((trace) => (
              <tr key={trace.id}>
                <td className="nowrap muted">{ago(trace.start, serverNow())}</td>
                <td>
                  <OutcomeGlyph outcome={trace.outcome} />
                </td>
                <td className="clip preview-url">
                  <a className="text-link" href={traceLink(trace.id)} target="_blank" rel="noreferrer">
                    {[trace.method, trace.url ?? trace.entryPoint ?? trace.id].filter(Boolean).join(' ')}
                  </a>
                </td>
                <td className="number">{duration(trace.responseTime ?? trace.duration)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
