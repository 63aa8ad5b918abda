// Paste a trace id or a header and learn what became of it.
import Button from '@cloudscape-design/components/button';
import Input from '@cloudscape-design/components/input';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { get } from '../api/client';
import type { Diagnosis } from '../api/generated/Diagnosis';
import type { Status } from '../api/generated/Status';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useTitle } from '../ui/useTabStatus';
import { useAddress } from '../location/address';
import { Fate } from './Fate';
import { RefusalList } from './RefusalList';
import './doctor.css';
import './first.css';

const STATUS_MS = 3000;
/** What is on its way arrives soon. */
const AGAIN_MS = 2000;

export default function DoctorPage() {
  useTitle('Doctor');
  const { params, change } = useAddress();
  const asked = params.get('q') ?? '';
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked]);
  const diagnosis = useQuery({
    queryKey: ['doctor', asked],
    queryFn: ({ signal }) => get<Diagnosis>('/api/doctor', { q: asked }, signal),
    enabled: asked.trim() !== '',
    refetchInterval: ({ state: { data } }) => (data && ['unknown', 'digesting'].includes(data.fate) ? AGAIN_MS : false),
  });
  const status = useQuery({ queryKey: ['health'], queryFn: ({ signal }) => get<Status>('/api/status', {}, signal), refetchInterval: STATUS_MS });
  return (
    <div className="page doctor-page">
      <PageHead title="Doctor">Where is my trace? Paste its id, a header, a log line or a link.</PageHead>
      <form
        className="doctor-ask"
        onSubmit={(event) => {
          event.preventDefault();
          change({ q: text.trim() }, false);
        }}
      >
        <Input
          value={text}
          autoFocus={asked === ''}
          spellcheck={false}
          ariaLabel="Trace id or header"
          placeholder="1-58406520-a006649127e371903a2de979, or Root=1-...;Parent=...;Sampled=1"
          onChange={({ detail }) => setText(detail.value)}
        />
        <Button variant="primary" formAction="submit">
          Examine
        </Button>
      </form>
      {diagnosis.error && <Failure error={diagnosis.error} retry={() => void diagnosis.refetch()} />}
      {asked !== '' && diagnosis.isPending && <Loading label="Looking for it" />}
      {diagnosis.data && <Fate diagnosis={diagnosis.data} status={status.data} pasted={asked} />}
      {status.data && (
        <section className="doctor" aria-labelledby="refusals">
          <h2 id="refusals">Refused lately</h2>
          {status.data.recentRefusals.length === 0 ? (
            <p className="muted">Nothing was refused since the start of this server.</p>
          ) : (
            <RefusalList refusals={status.data.recentRefusals} />
          )}
        </section>
      )}
    </div>
  );
}
