// Named filter expressions that every page can be narrowed to.
import Button from '@cloudscape-design/components/button';
import type { GroupEntry } from '../api/generated/GroupEntry';
import { Blank } from '../ui/Blank';
import { Confirm } from '../ui/Confirm';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useSession } from '../api/useSession';
import { useTitle } from '../ui/useTabStatus';
import { useAddress } from '../location/address';
import { GroupEditor } from './GroupEditor';
import { GroupTable } from './GroupTable';
import { formOf, MAX_NAME, NEW_GROUP, useDeleteGroup, useGroups } from './queries';

const DEFAULT = 'Default';

export default function GroupsPage() {
  useTitle('Groups');
  const { change } = useAddress();
  const groups = useGroups();
  const mayChange = useSession()?.mayChange ?? true;
  if (groups.data === undefined) {
    return groups.error ? <Failure error={groups.error} retry={() => void groups.refetch()} /> : <Loading label="Asking for the groups" />;
  }
  const entries = groups.data.groups;
  const open = (dialog: string, group?: string) => change({ dialog, name: group }, false);
  const create = (
    <Button variant="primary" disabled={!mayChange || entries.length >= groups.data.limit} onClick={() => open('new')}>
      Create group
    </Button>
  );
  return (
    <div className="page">
      <PageHead title="Groups" count={`${entries.length} of ${groups.data.limit}`} actions={create}>
        A group is a filter with a name. The map, its numbers and insights are kept for each group from the moment it is made; traces of before are found by its filter.
      </PageHead>
      {groups.error && <Failure error={groups.error} retry={() => void groups.refetch()} stale="before" />}
      <GroupTable entries={entries} mayChange={mayChange} onEdit={(name) => open('edit', name)} onClone={(name) => open('clone', name)} onDelete={(name) => open('delete', name)} />
      {entries.length === 1 && (
        <Blank title="No group of your own yet" actions={mayChange && <Button onClick={() => open('new')}>Create the first group</Button>}>
          <p>
            Give a name to what you look at often, such as <code>service(&quot;checkout&quot;)</code> or <code>annotation.tenant = &quot;acme&quot;</code>, and choose it at the top of every page.
          </p>
        </Blank>
      )}
      <Dialogs entries={entries} />
    </div>
  );
}

/** Whatever the address bar says is open. */
function Dialogs({ entries }: { entries: GroupEntry[] }) {
  const { params, change } = useAddress();
  const remove = useDeleteGroup();
  const close = () => {
    remove.reset();
    change({ dialog: undefined, name: undefined, with: undefined });
  };
  const entry = entries.find((one) => one.name === params.get('name'));
  switch (params.get('dialog')) {
    case 'new':
      return <GroupEditor start={{ ...NEW_GROUP, filter: params.get('with') ?? '' }} onClose={close} />;
    case 'edit':
      return entry ? <GroupEditor key={entry.name} start={formOf(entry)} before={entry} onClose={close} /> : null;
    case 'clone':
      return entry ? <GroupEditor start={{ ...formOf(entry), name: `${entry.name}-copy`.slice(0, MAX_NAME) }} onClose={close} /> : null;
    case 'delete':
      return entry && entry.name !== DEFAULT ? (
        <Confirm
          title={`Delete ${entry.name}?`}
          action="Delete group"
          isPending={remove.isPending}
          error={remove.error}
          onClose={close}
          onConfirm={() => remove.mutate(entry.name, { onSuccess: close })}
        >
          Its traces stay. The map and the numbers that were kept for the group can no longer be asked for, and a group that is made later under this name begins anew.
        </Confirm>
      ) : null;
    default:
      return null;
  }
}
