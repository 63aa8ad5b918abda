// Above every page of a capsule: what it is, of when, and what it has not.
import { Link } from 'wouter';
import { useSession } from '../api/useSession';
import { linkTo } from '../location/address';
import { count, exactInstant } from '../quantity';

export function CapsuleLine() {
  const capsule = useSession()?.capsule;
  if (!capsule) return null;
  const { traces, withDocuments, complete, redacted } = capsule;
  return (
    <aside className="capsule-line" aria-label="Capsule">
      <p>
        <strong>A capsule, read-only.</strong> It ends at {exactInstant(capsule.to)}, which is shown as now. <Link href={linkTo(capsule.page)}>{capsule.sentence}</Link>
      </p>
      <p>
        {count(traces)} traces{withDocuments < traces && `, of which ${count(withDocuments)} can be opened`}
        {!complete && '; there were more'}
        {redacted.length > 0 && `; taken out: ${redacted.join(', ')}`}
      </p>
    </aside>
  );
}
