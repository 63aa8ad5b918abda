// The spans summed by service and name, sortable: the twin in words of the flame graph.
import { useMemo, useState } from 'react';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { count, duration, shareOf } from '../quantity';
import { aggregatesOf, sorted, type SortKey } from './aggregate';
import { swatch } from './palette';
import type { Shown } from './useShown';

const COLUMNS: [SortKey, string][] = [
  ['name', 'Service and name'],
  ['count', 'Count'],
  ['total', 'Total'],
  ['self', 'Self time'],
  ['p50', 'p50'],
  ['faults', 'Faults'],
];
/** Names that hold an id make a row each. */
const MOST_ROWS = 500;

export function TableView({ shown }: { shown: Shown }) {
  const { spans, tree, services, matches, find, selected, select } = shown;
  const all = useMemo(() => aggregatesOf(spans, tree), [spans, tree]);
  const [sorting, setSorting] = useState<{ key: SortKey; isDescending: boolean }>({ key: 'self', isDescending: true });
  const found = useMemo(() => new Set(matches.map((index) => keyOf(spans[index]!))), [matches, spans]);
  const list = find.trim() === '' ? all : all.filter((row) => found.has(row.key));
  const rows = sorted(list, sorting.key, sorting.isDescending);
  const allSelf = all.reduce((sum, row) => sum + row.self, 0);
  const mostSelf = all.reduce((most, row) => Math.max(most, row.self), 0.001);
  const current = spans[selected] && keyOf(spans[selected]);
  const sort = (key: SortKey) => setSorting({ key, isDescending: key === sorting.key ? !sorting.isDescending : key !== 'name' });
  return (
    <section className="trace-table-view" aria-label="Spans by service and name" tabIndex={0}>
      <table className="grid">
        <caption className="visually-hidden">Spans by service and name</caption>
        <thead>
          <tr>
            {COLUMNS.map(([key, title]) => (
              <th
                key={key}
                scope="col"
                className={key === 'name' ? undefined : 'number'}
                aria-sort={sorting.key !== key ? undefined : sorting.isDescending ? 'descending' : 'ascending'}
              >
                <button type="button" className="plain sort" onClick={() => sort(key)}>
                  {title}
                  <span aria-hidden="true">{sorting.key !== key ? '' : sorting.isDescending ? ' ▼' : ' ▲'}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row) => (
            <tr key={row.key} className={row.key === current ? 'is-link is-current' : 'is-link'} onClick={() => select(row.longest)}>
              <td className="clip">
                <span className="service-dot" style={{ background: swatch(services.get(row.service) ?? 0) }} aria-hidden="true" />{' '}
                <span className="muted">{row.service}</span>{' '}
                <button type="button" className="text-link plain" title="Show the longest of them" onClick={() => select(row.longest)}>
                  {[row.operation, row.name].filter(Boolean).join(' ')}
                </button>
              </td>
              <td className="number">{count(row.count)}</td>
              <td className="number">{duration(row.total)}</td>
              <td className="number self-time">
                <span className="self-bar" aria-hidden="true">
                  <span style={{ width: `${(row.self / mostSelf) * 100}%`, background: swatch(services.get(row.service) ?? 0) }} />
                </span>
                {duration(row.self)} <span className="muted">{shareOf(row.self, allSelf)}</span>
              </td>
              <td className="number">{duration(row.p50)}</td>
              <td className="number">
                {row.faults > 0 && <OutcomeGlyph outcome="fault" label={false} />} {row.faults > 0 ? count(row.faults) : '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && <p className="muted">{count(rows.length - MOST_ROWS)} more rows are not shown; find narrows them.</p>}
      {rows.length === 0 && <p className="muted">Nothing in this trace matches.</p>}
    </section>
  );
}

function keyOf(span: Shown['spans'][number]): string {
  return `${span.service}\n${span.name}\n${span.operation ?? ''}`;
}
