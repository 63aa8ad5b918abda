// What requests that failed have in common and good ones have not, ranked: annotations, versions, users, URLs, zones.
import Button from '@cloudscape-design/components/button';
import { useQuery } from '@tanstack/react-query';
import type { Compare } from '../api/generated/Compare';
import type { FieldDifference } from '../api/generated/FieldDifference';
import { post } from '../api/client';
import { serverNow } from '../api/live';
import { and } from '../filter/expression';
import { go, linkTo, useAddress } from '../location/address';
import { boundsOf, type Range } from '../location/range';
import { count, plural, shareOf } from '../quantity';

/** Fewer failures have too much in common by chance. */
const FEWEST = 5;
/** Below this difference of shares nothing is told apart. */
const LEAST_DELTA = 0.15;
const MOST_ROWS = 6;
const FRESH_MS = 30_000;

const FIELD_NAME: Record<string, string> = {
  url: 'URL', method: 'method', entrypoint: 'entry point', service: 'service', user: 'user', zone: 'availability zone', instance: 'instance',
  resource: 'resource', account: 'account', clientip: 'client IP', useragent: 'user agent', status: 'status',
};

interface DiffersProps {
  /** Selects requests to the node. */
  selectors: string[];
  range: Range;
  group?: string;
}

export interface Row {
  field: string;
  value: string;
  a: number;
  b: number;
  filter?: string | null;
}

/** The one value of each field that tells most; ids and consequences of the failure tell nothing. */
export function rowsOf(fields: FieldDifference[], traces: { a: number; b: number }): Row[] {
  const delta = (one: { a: number; b: number }) => one.a / traces.a - one.b / traces.b;
  return fields
    .filter((field) => field.kind === 'context')
    .flatMap((field): Row[] => {
      const named = field.values.filter((value) => value.value != null).sort((x, y) => delta(y) - delta(x))[0];
      if (named === undefined || delta(named) < LEAST_DELTA) return [];
      return [{ field: nameOf(field.field), value: named.label ?? named.value!, a: named.a, b: named.b, filter: named.filter }];
    })
    .sort((x, y) => delta(y) - delta(x))
    .slice(0, MOST_ROWS);
}

function nameOf(field: string): string {
  return field.startsWith('version.') ? `version of ${field.slice(8)}` : (FIELD_NAME[field] ?? field);
}

export function Differs({ selectors, range, group }: DiffersProps) {
  const { params, change } = useAddress();
  const [a, b] = ['fault', 'ok'].map((outcome) => selectors.map((selector) => `${selector} { ${outcome} }`).join(' OR ')) as [string, string];
  const { data } = useQuery({
    queryKey: ['differs', range.text, group, selectors],
    queryFn: ({ signal }) => post<Compare>('/api/compare', { ...boundsOf(range, serverNow()), a, b, group }, signal),
    staleTime: FRESH_MS,
  });
  if (data === undefined || data.a.traces < FEWEST) return null;
  const traces = { a: data.a.traces, b: data.b.traces };
  const rows = traces.b === 0 ? [] : rowsOf(data.fields, traces);
  return (
    <section className="differs" aria-label="What differs from good requests">
      <h3>What differs from good requests</h3>
      {rows.length === 0 ? (
        <p className="muted">
          {traces.b === 0
            ? 'Every request failed; there are no good ones to compare with.'
            : `Nothing stands out: ${plural(traces.a, 'failing trace')} and ${count(traces.b)} good ones have the same properties.`}
        </p>
      ) : (
        <table className="differs-rows">
          <thead>
            <tr>
              <th scope="col">Property</th>
              <th scope="col">Failing</th>
              <th scope="col">Good</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.field}>
                <th scope="row">
                  <span className="muted">{row.field}</span>
                  {row.filter ? (
                    <button type="button" className="text-link plain" title={`Add to filter: ${row.filter}`} onClick={() => change({ filter: and(params.get('filter'), row.filter) })}>
                      {row.value}
                    </button>
                  ) : (
                    <span>{row.value}</span>
                  )}
                </th>
                <td>
                  <Share part={row.a} whole={traces.a} tone="fault" />
                </td>
                <td>
                  <Share part={row.b} whole={traces.b} tone="ok" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className="why-actions">
        <Button onClick={() => go(linkTo('/analytics', { a, b }))}>Compare</Button>
        <span className="muted small">
          {plural(traces.a, 'failing trace')}, {count(traces.b)} good{data.complete ? '' : ', the newest ones'}
        </span>
      </div>
    </section>
  );
}

function Share({ part, whole, tone }: { part: number; whole: number; tone: 'fault' | 'ok' }) {
  return (
    <span className="differs-share">
      <span className={`bar-${tone}`} style={{ width: `${(part / whole) * 48}px` }} aria-hidden="true" />
      {shareOf(part, whole)}
    </span>
  );
}
