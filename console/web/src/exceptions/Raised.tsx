// Exceptions as a table: what was raised, where, how often, since when, and a trace that shows it.
import { Link } from 'wouter';
import type { RaisedException } from '../api/generated/RaisedException';
import { linkTo, traceLink } from '../location/address';
import { and } from '../filter/expression';
import { spokenName } from '../map/display-name';
import { count, instant } from '../quantity';
import { serviceLink } from '../service/link';

export function Raised({ exceptions, isOfOne = false }: { exceptions: RaisedException[]; isOfOne?: boolean }) {
  if (exceptions.length === 0) return <p className="panel-note">No exception was recorded in this range.</p>;
  return (
    <div className="scrolls" tabIndex={0} role="region" aria-label="Exceptions">
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">Exception</th>
            {!isOfOne && <th scope="col">Service</th>}
            <th scope="col" className="number">Times</th>
            <th scope="col">First</th>
            <th scope="col">Last</th>
            <th scope="col">Versions</th>
            <th scope="col">Traces</th>
          </tr>
        </thead>
        <tbody>
          {exceptions.map((one) => (
            <Row key={`${one.nodeId} ${one.name}`} raised={one} isOfOne={isOfOne} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ raised, isOfOne }: { raised: RaisedException; isOfOne: boolean }) {
  const name = raised.name ?? 'Without a type';
  const where = { name: raised.node, type: raised.type, account: raised.account };
  return (
    <tr>
      <th scope="row" className="wraps">
        <span className="mono">{name}</span>
        {raised.message && <div className="muted raised-message">{raised.message}</div>}
      </th>
      {!isOfOne && (
        <td>
          <Link className="text-link" href={serviceLink(where)}>
            {spokenName(raised.node)}
          </Link>
        </td>
      )}
      <td className="number">{count(raised.count)}</td>
      <td className="nowrap">{instant(raised.firstSeen)}</td>
      <td className="nowrap">{instant(raised.lastSeen)}</td>
      <td className="mono wraps">{raised.versions.map(({ version }) => version).join(', ') || '–'}</td>
      <td className="nowrap row-actions">
        <Link className="text-link" href={traceLink(raised.example)} aria-label={`Newest trace with ${name}`}>
          newest
        </Link>
        <Link className="text-link" href={linkTo('/traces', { filter: and(raised.filter, 'fault') })} aria-label={`Failing traces of ${raised.node}`}>
          failing
        </Link>
      </td>
    </tr>
  );
}
