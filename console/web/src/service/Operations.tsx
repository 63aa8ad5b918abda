// What a service was asked for: each operation with its figures, and traces that show the worst of it.
import { Link } from 'wouter';
import type { OperationRow } from '../api/generated/OperationRow';
import type { ServiceWork } from '../api/generated/ServiceWork';
import { linkTo, traceLink } from '../location/address';
import type { NodeKey } from '../node/queries';
import { OutcomeBar } from '../outcome/OutcomeBar';
import { countsOf } from '../outcome/outcome';
import { duration, rate, shareOf } from '../quantity';

const HEADS: [title: string, isNumber: boolean, help?: string][] = [
  ['Operation', false],
  ['Rate', true],
  ['Faults', true],
  ['p50', true],
  ['p90', true],
  ['p99', true],
  ['Own p50', true, 'Time in which the service itself worked and waited for no call'],
  ['Own p99', true, 'Time in which the service itself worked and waited for no call'],
  ['Outcomes', false],
  ['Examples', false],
];

/** `entryOf` is the service where clients ask for its operations. */
export function Operations({ work, windowMs, entryOf }: { work: ServiceWork; windowMs: number; entryOf?: NodeKey }) {
  if (work.operations.length === 0) return <p className="panel-note">No request has finished in this range.</p>;
  return (
    <div className="scrolls" tabIndex={0} role="region" aria-label="Operations">
      <table className="grid">
        <thead>
          <tr>
            {HEADS.map(([title, isNumber, help]) => (
              <th key={title} scope="col" className={isNumber ? 'number' : undefined} title={help}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {work.operations.map((row) => (
            <Row key={row.operation ?? ''} row={row} label={row.operation ?? 'Without an operation'} windowMs={windowMs} entryOf={entryOf} />
          ))}
          {work.others && <Row row={work.others} label="All others" windowMs={windowMs} />}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row, label, windowMs, entryOf }: { row: OperationRow; label: string; windowMs: number; entryOf?: NodeKey }) {
  const { stats } = row;
  return (
    <tr>
      <th scope="row" className={row.operation == null ? 'muted' : 'mono wraps'}>
        {label}
      </th>
      <td className="number">{rate(stats.total, windowMs)}</td>
      <td className={stats.fault > 0 ? 'number outcome-text-fault' : 'number'}>{shareOf(stats.fault, stats.total)}</td>
      <td className="number">{duration(stats.p50)}</td>
      <td className="number">{duration(stats.p90)}</td>
      <td className="number">{duration(stats.p99)}</td>
      <td className="number">{duration(row.ownP50)}</td>
      <td className="number">{duration(row.ownP99)}</td>
      <td>
        <OutcomeBar counts={countsOf(stats)} />
      </td>
      <td className="nowrap row-actions">
        {row.failing && (
          <Link className="text-link" href={traceLink(row.failing)} aria-label={`Newest failing trace of ${label}`}>
            failing
          </Link>
        )}
        {row.slowest && (
          <Link className="text-link" href={traceLink(row.slowest)} aria-label={`Slowest trace of ${label}`}>
            slowest
          </Link>
        )}
        {entryOf && row.operation?.includes(' /') && (
          <Link
            className="text-link"
            href={linkTo('/alarms', { tab: 'objectives', dialog: 'new', with: entryOf.name, type: entryOf.type, entry: row.operation })}
            aria-label={`Set an objective of ${label}`}
          >
            objective
          </Link>
        )}
      </td>
    </tr>
  );
}
