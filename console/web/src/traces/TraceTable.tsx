// The list of traces: a row shows its trace beside the list, its time opens it, and values in it narrow the filter.
import type { MouseEvent, ReactNode } from 'react';
import { Link } from 'wouter';
import type { TraceRow } from '../api/generated/TraceRow';
import { quoted } from '../filter/expression';
import { go, traceLink } from '../location/address';
import { usePreferences } from '../location/preference';
import { spokenName } from '../map/display-name';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration, exactInstant, instant } from '../quantity';
import { annotationsOf, columnOf, type Column } from './columns';
import { pathOf } from './path-of';

interface TableProps {
  rows: TraceRow[];
  onFilter: (term: string) => void;
  /** Without these a row opens its trace, and there is no order to choose. */
  list?: ListProps;
}

export interface ListProps {
  sort: string;
  onSort: (sort: string) => void;
  ticked: ReadonlySet<string>;
  onTick: (id: string) => void;
  shown: string | undefined;
  onShow: (id: string) => void;
}

export function TraceTable({ rows, onFilter, list }: TableProps) {
  const { traceColumns } = usePreferences();
  const columns = traceColumns.flatMap((id) => columnOf(id) ?? []).filter((column) => list || !column.id.startsWith('annotation.'));
  const keys = annotationsOf(traceColumns);
  const longest = scaleTop(rows.map((row) => row.responseTime ?? row.duration ?? 0));
  return (
    <div className="trace-table-frame" role="region" aria-label="Traces" tabIndex={0}>
      <table className="grid trace-table">
        <caption className="visually-hidden">Traces</caption>
        <thead>
          <tr>
            {list && (
              <th scope="col" className="column-tick">
                <span className="visually-hidden">Tick</span>
              </th>
            )}
            <Head label="Time" sort="start" list={list} className="column-time" />
            <th scope="col" className="column-outcome">
              <span className="visually-hidden">Outcome</span>
            </th>
            <th scope="col" className="column-request">
              Request
            </th>
            {columns.map((column) => (
              <Head key={column.id} label={column.label} sort={column.sort} list={list} className={`column-${column.id.replace('.', ' column-')}${column.isNumber ? ' number' : ''}`} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.id} row={row} columns={columns} keys={keys} longest={longest} onFilter={onFilter} list={list} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head({ label, sort, list, className }: { label: string; sort?: string; list?: ListProps; className: string }) {
  const current = list?.sort === '' ? '-start' : list?.sort;
  const direction = sort && current === sort ? 'ascending' : sort && current === `-${sort}` ? 'descending' : undefined;
  return (
    <th scope="col" className={className} aria-sort={direction}>
      {sort && list ? (
        <button type="button" className="column-sort" onClick={() => list.onSort(direction === 'descending' ? sort : `-${sort}`)}>
          {label} <span aria-hidden="true">{direction === 'ascending' ? '▲' : direction === 'descending' ? '▼' : ''}</span>
        </button>
      ) : (
        label
      )}
    </th>
  );
}

/** What fills a bar: one slow request in twenty must not flatten all others. */
function scaleTop(times: number[]): number {
  const sorted = times.sort((a, b) => a - b);
  return Math.max(1, (sorted[Math.floor(sorted.length * 0.95)] ?? 1) * 1.1);
}

interface RowProps extends TableProps {
  row: TraceRow;
  columns: Column[];
  keys: string[];
  longest: number;
}

function Row({ row, columns, keys, longest, onFilter, list }: Omit<RowProps, 'rows'>) {
  const href = traceLink(row.id);
  const open = (event: MouseEvent<HTMLTableRowElement>) => {
    if ((event.target as HTMLElement).closest('a, button, input, label') || window.getSelection()?.toString()) return;
    if (list) list.onShow(row.id);
    else go(href);
  };
  return (
    <tr onClick={open} className={list?.shown === row.id ? 'is-link is-shown' : 'is-link'}>
      {list && (
        <td className="column-tick">
          <label className="tick">
            <input type="checkbox" checked={list.ticked.has(row.id)} aria-label={`Tick ${row.id}`} onChange={() => list.onTick(row.id)} />
          </label>
        </td>
      )}
      <td className="nowrap">
        <Link href={href} className="text-link" title={`${exactInstant(row.start)}\n${row.id}`}>
          {instant(row.start)}
        </Link>
      </td>
      <td>
        <OutcomeGlyph outcome={row.outcome} />
      </td>
      <td className="clip" title={row.url ?? undefined}>
        {list ? (
          <button type="button" className="plain row-show" aria-expanded={list.shown === row.id} onClick={() => list.onShow(row.id)}>
            <Request row={row} />
          </button>
        ) : (
          <Request row={row} />
        )}
      </td>
      {columns.map((column) => (
        <td key={column.id} className={`column-${column.id.replace('.', ' column-')} ${column.isNumber ? 'number' : 'clip'}`} title={titleOf(column.id, row)}>
          {cellOf(column.id, row, keys, longest, onFilter)}
        </td>
      ))}
    </tr>
  );
}

function Request({ row }: { row: TraceRow }) {
  return (
    <>
      {row.method && <span className="method">{row.method}</span>} {row.url ? pathOf(row.url) : (row.entryPoint ?? '–')}
      {row.isPartial && <span className="tag">partial</span>}
    </>
  );
}

function titleOf(id: string, row: TraceRow): string | undefined {
  if (id === 'services') return row.services.join(', ');
  return id === 'rootcause' ? [row.origin, row.exception].filter(Boolean).join(': ') || undefined : undefined;
}

/** A class without its package, which says the least and would fill the column. */
export function simpleName(exception: string): string {
  return /^[\w$.]+\.([A-Za-z_$][\w$]*)$/.exec(exception)?.[1] ?? exception;
}

const NONE = <span className="muted">–</span>;

function cellOf(id: string, row: TraceRow, keys: string[], longest: number, onFilter: (term: string) => void): ReactNode {
  const time = row.responseTime ?? row.duration;
  switch (id) {
    case 'status':
      return row.status ?? '–';
    case 'responsetime':
      return (
        <>
          <span className="time-value">{duration(time)}</span>
          <span className="time-bar" aria-hidden="true">
            <span style={{ width: `${Math.min(100, Math.max(1, ((time ?? 0) / longest) * 100))}%` }} className={`bar-${row.outcome}`} />
          </span>
        </>
      );
    case 'duration':
      return duration(row.duration);
    case 'rootcause':
      return row.origin || row.exception ? (
        <>
          {row.origin && <strong>{spokenName(row.origin)}</strong>} {row.exception && <span className="muted">{simpleName(row.exception)}</span>}
        </>
      ) : (
        NONE
      );
    case 'user':
      return row.users.length === 0 ? NONE : row.users.slice(0, 2).map((user) => <Value key={user} text={user} what="this user" onPick={() => onFilter(`user = ${quoted(user)}`)} />);
    case 'services':
      return <span className="muted">{row.services.map(spokenName).join(' › ')}</span>;
    case 'entrypoint':
      return row.entryPoint ?? NONE;
    case 'segments':
      return row.segments;
    case 'clientip':
      return row.clientIp ?? NONE;
    case 'id':
      return <code>{row.id}</code>;
    default:
      return row.columns[keys.indexOf(id.slice('annotation.'.length))] ?? NONE;
  }
}

function Value({ text, what, onPick }: { text: string; what: string; onPick: () => void }) {
  return (
    <button type="button" className="text-link plain" title={`Filter for ${what}`} onClick={onPick}>
      {text}
    </button>
  );
}
