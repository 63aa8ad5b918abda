// Versions of a service, the newest first, with what became of their requests and what only they raise.
import { Link } from 'wouter';
import type { RaisedException } from '../api/generated/RaisedException';
import type { VersionRow } from '../api/generated/VersionRow';
import { linkTo } from '../location/address';
import { OutcomeBar } from '../outcome/OutcomeBar';
import { count, instant, shareOf } from '../quantity';

interface VersionsProps {
  versions: VersionRow[];
  /** Of this service. */
  exceptions: RaisedException[];
}

export function Versions({ versions, exceptions }: VersionsProps) {
  if (versions.length === 0) {
    return (
      <p className="panel-note">
        Its segments name no version. SDKs set <code>service.version</code>; with it, what a deployment brought is told here and by the issues.
      </p>
    );
  }
  return (
    <div className="scrolls" tabIndex={0} role="region" aria-label="Versions">
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">First seen</th>
            <th scope="col">Last seen</th>
            <th scope="col" className="number">Requests</th>
            <th scope="col" className="number">Faults</th>
            <th scope="col">Outcomes</th>
            <th scope="col">Exceptions of no other version</th>
          </tr>
        </thead>
        <tbody>
          {[...versions].reverse().map(({ version, firstSeen, lastSeen, counts, filter }) => {
            const total = counts.ok + counts.error + counts.throttle + counts.fault;
            const own = onlyIn(version, exceptions);
            return (
              <tr key={version}>
                <th scope="row">
                  <Link className="text-link mono" href={linkTo('/traces', { filter })}>
                    {version}
                  </Link>
                </th>
                <td className="nowrap">{instant(firstSeen)}</td>
                <td className="nowrap">{instant(lastSeen)}</td>
                <td className="number">{count(total)}</td>
                <td className={counts.fault > 0 ? 'number outcome-text-fault' : 'number'}>{shareOf(counts.fault, total)}</td>
                <td>
                  <OutcomeBar counts={counts} />
                </td>
                <td className="mono wraps">{own.length === 0 ? '–' : own.join(', ')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Names of exceptions that were raised by this version and by no other. */
export function onlyIn(version: string, exceptions: RaisedException[]): string[] {
  const own = exceptions.filter(({ versions }) => versions.length === 1 && versions[0]!.version === version);
  return own.map(({ name }) => name ?? 'without a type');
}
