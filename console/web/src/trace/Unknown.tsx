// A trace that is not there: what the doctor knows of its fate, and the way to the doctor.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { get } from '../api/client';
import type { Diagnosis } from '../api/generated/Diagnosis';
import type { Status } from '../api/generated/Status';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { Fate } from '../first/Fate';
import { linkTo } from '../location/address';
import { traceIdIn } from '../location/trace-id';

/** What was refused shows within seconds; the trace itself is asked for as well meanwhile. */
const AGAIN_MS = 3000;

export function Unknown({ id }: { id: string }) {
  const isId = traceIdIn(id) !== undefined;
  const diagnosis = useQuery({
    queryKey: ['doctor', id],
    queryFn: ({ signal }) => get<Diagnosis>('/api/doctor', { q: id }, signal),
    refetchInterval: isId ? AGAIN_MS : false,
  });
  const status = useQuery({ queryKey: ['health'], queryFn: ({ signal }) => get<Status>('/api/status', {}, signal) });
  return (
    <div className="page doctor-page">
      <h1>{isId ? 'This trace is not known' : 'This is no trace id'}</h1>
      {isId && <p className="muted">If it was sent just now, this page shows it as soon as it arrives.</p>}
      {diagnosis.error && <Failure error={diagnosis.error} retry={() => void diagnosis.refetch()} />}
      {diagnosis.isPending && <Loading label="Looking for it" />}
      {diagnosis.data && <Fate diagnosis={diagnosis.data} status={status.data} pasted={id} />}
      <p>
        <Link className="text-link" href={linkTo('/doctor', { q: id })}>
          Ask the doctor
        </Link>
      </p>
    </div>
  );
}
