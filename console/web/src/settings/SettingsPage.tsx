// How this server stands: what comes in, what is kept, how URLs are shown, where logs are, who may do what, its API, and what the reader likes.
import { useQuery, keepPreviousData } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { get } from '../api/client';
import type { Status } from '../api/generated/Status';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { TabRow } from '../ui/TabRow';
import { useSession } from '../api/useSession';
import { useTitle } from '../ui/useTabStatus';
import { useAddress } from '../location/address';
import { About } from './About';
import { Access } from './Access';
import { ApiConsole } from './ApiConsole';
import { Display } from './Display';
import { Ingest } from './Ingest';
import { LogLinks } from './LogLinks';
import { Storage } from './Storage';
import { UrlTemplates } from './UrlTemplates';
import './settings.css';

const HEALTH_MS = 2000;

export default function SettingsPage() {
  useTitle('Settings');
  const { params, change } = useAddress();
  const session = useSession();
  const tabs: [id: string, label: string, content: () => ReactNode][] = [
    ['ingest', 'Ingest', () => <Health>{(status) => <Ingest status={status} />}</Health>],
    ['storage', 'Storage', () => <Health>{(status) => <Storage status={status} />}</Health>],
    ['urls', 'URL templates', () => <UrlTemplates mayChange={session?.mayChange ?? true} />],
    ['logs', 'Logs', () => <LogLinks mayChange={session?.mayChange ?? true} />],
    ['access', 'Access', () => <Access session={session} />],
    ['display', 'Display', () => <Display />],
    ['api', 'API console', () => <ApiConsole />],
    ['about', 'About', () => <Health>{(status) => <About status={status} />}</Health>],
  ];
  const active = tabs.find(([id]) => id === params.get('tab'))?.[0] ?? 'ingest';
  return (
    <div className="page settings">
      <PageHead title="Settings" />
      <TabRow
        label="Settings"
        active={active}
        onChange={(id) => change({ tab: id === 'ingest' ? undefined : id, operation: undefined }, false)}
        tabs={tabs.map(([id, label, content]) => ({ id, label, content: id === active ? content() : null }))}
      />
    </div>
  );
}

/** Asked again while it is looked at. What is shown after a failure is marked as old. */
function Health({ children }: { children: (status: Status) => ReactNode }) {
  const status = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => get<Status>('/api/status', {}, signal),
    refetchInterval: HEALTH_MS,
    placeholderData: keepPreviousData,
  });
  const failure = status.error && <Failure error={status.error} retry={() => void status.refetch()} stale={status.data ? 'before that' : undefined} />;
  if (status.data === undefined) return failure ?? <Loading label="Asking the server" />;
  return (
    <>
      {failure}
      <div className={failure ? 'is-old' : undefined}>{children(status.data)}</div>
    </>
  );
}
