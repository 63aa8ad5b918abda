// Whom and what an issue hits, against what goes well: users, the annotation that tells most, entries, versions.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Compare } from '../api/generated/Compare';
import type { FieldDifference } from '../api/generated/FieldDifference';
import type { NowEntry } from '../api/generated/NowEntry';
import { post } from '../api/client';
import { serverNow } from '../api/live';
import { fieldName } from '../analytics/field';
import { and } from '../filter/expression';
import { linkTo, useGroup, useRange } from '../location/address';
import { boundsOf } from '../location/range';
import { plural, shareOf } from '../quantity';

const ROWS = 5;
const FRESH_MS = 30_000;

export function Concerned({ entry }: { entry: NowEntry }) {
  const range = useRange();
  const group = useGroup();
  const { data } = useQuery({
    queryKey: ['concerned', range.text, group, entry.id],
    queryFn: ({ signal }) => post<Compare>('/api/compare', { ...boundsOf(range, serverNow()), a: entry.filter, group }, signal),
    staleTime: FRESH_MS,
  });
  if (data === undefined || data.a.traces === 0) return null;
  const fields = telling(data.fields);
  if (fields.length === 0) return null;
  return (
    <section aria-label="Whom and what it hits">
      <h2>Whom and what it hits</h2>
      <p className="muted">
        {plural(data.a.traces, 'failing trace')} against {plural(data.b.traces, 'other')}
        {data.complete ? '' : ', the newest ones'}
      </p>
      <div className="issue-tables">
        {fields.map((field) => (
          <Field key={field.field} field={field} compare={data} filter={entry.filter} />
        ))}
      </div>
    </section>
  );
}

/** Users, the annotation that differs most, entries, and the versions that differ most; only what has values. */
export function telling(fields: FieldDifference[]): FieldDifference[] {
  const most = (is: (field: FieldDifference) => boolean) => fields.filter((field) => is(field) && field.values.some(({ value }) => value != null)).sort((one, other) => other.delta - one.delta)[0];
  return [
    most(({ field }) => field === 'user'),
    most(({ field, kind }) => field.startsWith('annotation.') && kind !== 'id'),
    most(({ field }) => field === 'url'),
    most(({ field }) => field.startsWith('version.')),
  ].filter((field) => field !== undefined);
}

function Field({ field, compare, filter }: { field: FieldDifference; compare: Compare; filter: string }) {
  const rows = [...field.values].sort((one, other) => other.a - one.a).slice(0, ROWS);
  const rest = field.distinct - rows.length;
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">{fieldName(field.field)}</th>
          <th scope="col" className="number">Failing</th>
          <th scope="col" className="number">Others</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ value, label, a, b, filter: one }) => (
          <tr key={value ?? ''}>
            <th scope="row" className="wraps">
              {one ? (
                <Link className="text-link" href={linkTo('/traces', { filter: and(filter, one) })}>
                  {label ?? value ?? 'none'}
                </Link>
              ) : (
                <span className={value == null ? 'muted' : undefined}>{label ?? value ?? 'none'}</span>
              )}
            </th>
            <td className="number">{shareOf(a, compare.a.traces)}</td>
            <td className="number">{shareOf(b, compare.b.traces)}</td>
          </tr>
        ))}
        {rest > 0 && (
          <tr className="muted">
            <th scope="row">{plural(rest, 'other value')}</th>
            <td />
            <td />
          </tr>
        )}
      </tbody>
    </table>
  );
}
