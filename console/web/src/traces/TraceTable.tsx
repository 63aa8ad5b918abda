// The list of traces; a row opens its trace, and values in it narrow the filter.
import type { MouseEvent } from 'react';
import { Link } from 'wouter';
import type { TraceRow } from '../api/generated/TraceRow';
import { quoted } from '../filter/expression';
import { go, traceLink } from '../location/address';
import { spokenName } from '../map/display-name';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration, exactInstant, instant } from '../quantity';

interface TableProps {
  rows: TraceRow[];
  onFilter: (term: string) => void;
}

export function TraceTable({ rows, onFilter }: TableProps) {
  const longest = scaleTop(rows.map((row) => row.responseTime ?? row.duration ?? 0));
  return (
    <table className="grid trace-table">
      <caption className="visually-hidden">Traces, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">
            <span className="visually-hidden">Outcome</span>
          </th>
          <th scope="col">Request</th>
          <th scope="col" className="number">Status</th>
          <th scope="col">Response time</th>
          <th scope="col">Root cause</th>
          <th scope="col">User</th>
          <th scope="col">Services</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.id} row={row} longest={longest} onFilter={onFilter} />
        ))}
      </tbody>
    </table>
  );
}

/** What fills a bar: one slow request in twenty must not flatten all others. */
function scaleTop(times: number[]): number {
  const sorted = times.sort((a, b) => a - b);
  return Math.max(1, (sorted[Math.floor(sorted.length * 0.95)] ?? 1) * 1.1);
}

/** The path and query of an address; the host stays in the tooltip. */
export function pathOf(url: string): string {
  // Not by `URL`: it would rewrite what the client really sent.
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '') || '/';
}

function Row({ row, longest, onFilter }: { row: TraceRow; longest: number; onFilter: (term: string) => void }) {
  const time = row.responseTime ?? row.duration;
  const href = traceLink(row.id);
  const open = (event: MouseEvent<HTMLTableRowElement>) => {
    if ((event.target as HTMLElement).closest('a, button') || window.getSelection()?.toString()) return;
    go(href);
  };
  return (
    <tr onClick={open} className="is-link">
      <td className="nowrap">
        <Link href={href} className="text-link" title={`${exactInstant(row.start)}\n${row.id}`}>
          {instant(row.start)}
        </Link>
      </td>
      <td>
        <OutcomeGlyph outcome={row.outcome} />
      </td>
      <td className="clip" title={row.url ?? undefined}>
        {row.method && <span className="method">{row.method}</span>} {row.url ? pathOf(row.url) : (row.entryPoint ?? '–')}
        {row.isPartial && <span className="tag">partial</span>}
      </td>
      <td className="number">{row.status ?? '–'}</td>
      <td className="nowrap">
        <span className="time-value">{duration(time)}</span>
        <span className="time-bar" aria-hidden="true">
          <span style={{ width: `${Math.min(100, Math.max(1, ((time ?? 0) / longest) * 100))}%` }} className={`bar-${row.outcome}`} />
        </span>
      </td>
      <td className="clip">
        {row.origin && <strong>{spokenName(row.origin)}</strong>} {row.exception && <span className="muted">{row.exception}</span>}
        {!row.origin && !row.exception && <span className="muted">–</span>}
      </td>
      <td className="clip">
        {row.users.length === 0 ? (
          <span className="muted">–</span>
        ) : (
          row.users.slice(0, 2).map((user) => (
            <button key={user} type="button" className="text-link plain" title="Filter for this user" onClick={() => onFilter(`user = ${quoted(user)}`)}>
              {user}
            </button>
          ))
        )}
      </td>
      <td className="clip muted" title={row.services.join(', ')}>
        {row.services.map(spokenName).join(' › ')}
      </td>
    </tr>
  );
}
