// What is broken now and concerns a service, one line each: its own trouble, or whose it feels.
import { Link } from 'wouter';
import type { NowEntry } from '../api/generated/NowEntry';
import { linkTo } from '../location/address';

export function IssueLines({ entries, of }: { entries: NowEntry[]; of: string }) {
  const going = entries.filter((entry) => entry.until == null);
  if (going.length === 0) return null;
  return (
    <ul className="service-issues" aria-label="Issues">
      {going.map((entry) => (
        <li key={entry.id} className={`service-issue is-${entry.weight}`}>
          <strong>{entry.sentence}</strong>{' '}
          {entry.nodeId !== of && <span className="muted">It is affected by that. </span>}
          <Link className="text-link" href={linkTo(`/issues/${encodeURIComponent(entry.id)}`)}>
            Details
          </Link>
        </li>
      ))}
    </ul>
  );
}
