// Conditions that are watched, when they are quiet, whom to tell, and what was told.
import { Confirm } from '../ui/Confirm';
import { PageHead } from '../ui/PageHead';
import { TabRow } from '../ui/TabRow';
import { useTitle } from '../ui/useTabStatus';
import { useAddress } from '../location/address';
import { Deliveries } from '../notifiers/Deliveries';
import { Notifiers } from '../notifiers/Notifiers';
import { AlarmEditor } from './AlarmEditor';
import { AlarmList } from './AlarmList';
import { Mutes } from './Mutes';
import { Objectives } from './Objectives';
import { useDeleteAlarm } from './queries';
import './alarms.css';

export default function AlarmsPage() {
  useTitle('Alarms');
  const { params, change } = useAddress();
  const active = ['mutes', 'objectives', 'notifiers', 'deliveries'].find((id) => id === params.get('tab')) ?? 'alarms';
  return (
    <div className="page">
      <PageHead title="Alarms">A condition on the numbers of a service, and who is told when it holds. Insights tell of what is unusual by themselves; notifiers get both.</PageHead>
      <TabRow
        label="Alarms"
        active={active}
        onChange={(id) => change({ tab: id === 'alarms' ? undefined : id, dialog: undefined, name: undefined }, false)}
        tabs={[
          { id: 'alarms', label: 'Alarms', content: active === 'alarms' ? <AlarmList /> : null },
          { id: 'mutes', label: 'Mute rules', content: active === 'mutes' ? <Mutes /> : null },
          { id: 'objectives', label: 'Objectives', content: active === 'objectives' ? <Objectives /> : null },
          { id: 'notifiers', label: 'Notifiers', content: active === 'notifiers' ? <Notifiers /> : null },
          { id: 'deliveries', label: 'What was told', content: active === 'deliveries' ? <Deliveries /> : null },
        ]}
      />
      {active === 'alarms' && <Dialogs />}
    </div>
  );
}

/** Whatever the address bar says is open. */
function Dialogs() {
  const { params, change } = useAddress();
  const remove = useDeleteAlarm();
  const close = () => {
    remove.reset();
    change({ dialog: undefined, name: undefined, with: undefined, type: undefined });
  };
  const name = params.get('name');
  if (params.get('dialog') === 'new') return <AlarmEditor service={params.get('with') ?? undefined} type={params.get('type') ?? undefined} onClose={close} />;
  if (params.get('dialog') !== 'delete' || name === null) return null;
  return (
    <Confirm title={`Delete ${name}?`} action="Delete alarm" isPending={remove.isPending} error={remove.error} onClose={close} onConfirm={() => remove.mutate(name, { onSuccess: close })}>
      It is no longer evaluated. What it told stays in the list of what was told.
    </Confirm>
  );
}
