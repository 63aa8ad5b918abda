// A new objective: of which service, how many requests are to go well, and who is told.
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import { useState } from 'react';
import { useGraph } from '../api/queries';
import { useRange } from '../location/address';
import { spokenName } from '../map/display-name';
import { useNotifiers } from '../notifiers/queries';
import { EditorModal } from '../ui/EditorModal';
import { usePutObjective } from './queries';

export function ObjectiveEditor({ service, type, entry, onClose }: { service?: string; type?: string; entry?: string; onClose: () => void }) {
  const [chosen, setChosen] = useState(service === undefined ? undefined : { service, type });
  const [percent, setPercent] = useState('99.9');
  const [silent, setSilent] = useState<string[]>([]);
  const save = usePutObjective();
  const nodes = (useGraph(useRange()).data?.nodes ?? []).filter((node) => node.role !== 'client');
  const notifiers = (useNotifiers().data ?? []).map(({ name }) => name);
  const told = notifiers.filter((name) => !silent.includes(name));
  return (
    <EditorModal
      title="Set an objective"
      verb="Set objective"
      isPending={save.isPending}
      complaint={save.error?.message}
      onSubmit={() => chosen && save.mutate({ ...chosen, entry, percent: Number(percent), notifiers: told }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <FormField label="Service" stretch>
        <Select
          selectedOption={chosen === undefined ? null : { value: chosen.service, label: spokenName(chosen.service) }}
          placeholder="Choose a service"
          filteringType="auto"
          options={nodes.map((node) => ({ value: node.id, label: spokenName(node.name), description: node.type ?? undefined }))}
          onChange={({ detail }) => {
            const node = nodes.find((one) => one.id === detail.selectedOption.value);
            if (node) setChosen({ service: node.name, type: node.type ?? undefined });
          }}
        />
      </FormField>
      {entry !== undefined && (
        <p>
          Of <span className="mono">{entry}</span> alone, as clients ask for it. A group of traces is made that counts it from now on; what may stand for an id in it may stand for more.
        </p>
      )}
      <FormField label="Requests that go well, in percent" description="Faults (5xx) count against it; errors of the client and throttling do not.">
        <Input value={percent} inputMode="decimal" onChange={({ detail }) => setPercent(detail.value)} />
      </FormField>
      <FormField label="Tell" description="When an hour’s failures use up 2 % of what may fail in a month, six hours’ 5 %, or three days’ 10 %.">
        {notifiers.length === 0 && <span className="muted">There is no notifier yet; the console tells of it.</span>}
        {notifiers.map((name) => (
          <Checkbox key={name} checked={!silent.includes(name)} onChange={({ detail }) => setSilent(detail.checked ? silent.filter((one) => one !== name) : [...silent, name])}>
            {name}
          </Checkbox>
        ))}
      </FormField>
    </EditorModal>
  );
}
