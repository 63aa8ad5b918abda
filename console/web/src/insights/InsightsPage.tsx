// Stretches of time in which something was wrong, and where it began.
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import { Link } from 'wouter';
import type { GroupEntry } from '../api/generated/GroupEntry';
import { Blank } from '../ui/Blank';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useTitle } from '../ui/useTabStatus';
import { useGroups } from '../groups/queries';
import { linkTo, useAddress, useGroup, useRange } from '../location/address';
import { InsightTable } from './InsightTable';
import { useInsights } from './queries';

const STATES = ['active', 'closed'] as const;

export default function InsightsPage() {
  useTitle('Insights');
  const { params, change } = useAddress();
  const range = useRange();
  const chosen = useGroup();
  const groups = useGroups();
  const watched = (groups.data?.groups ?? []).filter((group) => group.insightsEnabled && (chosen === undefined || group.name === chosen));
  const { insights, isPending, error, refetch } = useInsights(watched.map((group) => group.name), range);
  if (groups.data === undefined) {
    return groups.error ? <Failure error={groups.error} retry={() => void groups.refetch()} /> : <Loading label="Asking for the groups" />;
  }
  const state = STATES.find((one) => one === params.get('state'));
  const shown = insights.filter((insight) => state === undefined || insight.isActive === (state === 'active'));
  const active = insights.filter((insight) => insight.isActive).length;
  return (
    <div className="page">
      <PageHead
        title="Insights"
        actions={
          <SegmentedControl
            label="State"
            selectedId={state ?? 'all'}
            options={[
              { id: 'all', text: `All ${insights.length}` },
              { id: 'active', text: `Active ${active}` },
              { id: 'closed', text: `Closed ${insights.length - active}` },
            ]}
            onChange={({ detail }) => change({ state: detail.selectedId === 'all' ? undefined : detail.selectedId })}
          />
        }
      >
        When more of a group fails than usual, takes longer, or gets no requests any more, an insight follows it from the beginning to the end: where it began, what it reached, and whom it harmed. X-Ray’s own API tells of faults alone.
      </PageHead>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {watched.length > 0 && <Watched groups={watched} />}
      {isPending && watched.length > 0 ? <Loading label="Asking for insights" /> : <InsightTable insights={shown} />}
      {!isPending && !error && shown.length === 0 && <Empty watched={watched} chosen={chosen} hasOthers={insights.length > 0} />}
    </div>
  );
}

function Watched({ groups }: { groups: GroupEntry[] }) {
  return (
    <p className="watched">
      <span className="muted">Watched:</span>{' '}
      {groups.map((group) => (
        <Link key={group.name} className="tag text-link" href={linkTo('/groups', { dialog: 'edit', name: group.name })}>
          {group.name}
          {group.notificationsEnabled && ', notifies'}
        </Link>
      ))}
    </p>
  );
}

function Empty({ watched, chosen, hasOthers }: { watched: GroupEntry[]; chosen?: string; hasOthers: boolean }) {
  const now = (
    <Link className="text-link" href={linkTo('/')}>
      What fails now stands on the map
    </Link>
  );
  if (watched.length === 0) {
    return (
      <Blank title={chosen ? `Insights are off in ${chosen}` : 'No group has insights enabled'}>
        <p>
          Insights are kept for each group by itself. <Link className="text-link" href={linkTo('/groups', { group: undefined, ...(chosen ? { dialog: 'edit', name: chosen } : {}) })}>{chosen ? 'Edit the group' : 'Choose a group'}</Link> and turn them on;
          from then on what goes wrong in it is listed here, each with its root cause, the requests and users it reached, and how long it lasted.
        </p>
        <p>{now}, with or without insights.</p>
      </Blank>
    );
  }
  if (hasOthers) return <Blank title="None in this state">Choose another state above.</Blank>;
  return (
    <Blank title="No insight in this time">
      <p>
        Nothing broke for long enough in {watched.map((group) => group.name).join(', ')}. The list fills by itself: a total failure is here within seconds, a partial one within two minutes.
      </p>
      <p>{now}.</p>
    </Blank>
  );
}
