// A new alarm on a number of a service: what, how much, how long, and who is told.
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import Select from '@cloudscape-design/components/select';
import { useState } from 'react';
import { useGraph } from '../api/queries';
import { useGroups } from '../groups/queries';
import { useRange } from '../location/address';
import { spokenName } from '../map/display-name';
import { useNotifiers } from '../notifiers/queries';
import type { Input as Operation } from '../api/operation';
import { EditorModal } from '../ui/EditorModal';
import { instant, plural } from '../quantity';
import { alarmInput, METRICS, MISSING, NEW_ALARM, suggestedName, type AlarmForm } from './alarm';
import { useDryRun, usePutAlarm } from './queries';

const GROUP = 'Default';

export function AlarmEditor({ service, type, onClose }: { service?: string; type?: string; onClose: () => void }) {
  const [form, setForm] = useState<AlarmForm>({ ...NEW_ALARM, service: service ?? '', type: type ?? '' });
  const save = usePutAlarm();
  const nodes = (useGraph(useRange()).data?.nodes ?? []).filter((node) => node.role !== 'client');
  const notifiers = useNotifiers().data ?? [];
  // Everything of this server has its account and region in its ARN.
  const [, , , region = 'local', account = '000000000000'] = (useGroups().data?.groups[0]?.arn ?? '').split(':');
  const input = alarmInput(form, GROUP, (name) => `arn:aws:sns:${region}:${account}:${name}`);
  const set = (change: Partial<AlarmForm>) => setForm((current) => ({ ...current, ...change }));
  const options = nodes.map((node) => ({ value: node.id, label: spokenName(node.name), description: node.type ?? undefined }));
  const chosen = nodes.find((node) => node.name === form.service && (node.type ?? '') === form.type);
  const missing = MISSING.find(({ value }) => value === form.missing)!;
  return (
    <EditorModal
      title="Create an alarm"
      verb="Create alarm"
      operation="PutMetricAlarm"
      command="cloudwatch"
      input={input}
      isPending={save.isPending}
      complaint={form.service === '' && save.error ? 'Choose what it watches.' : save.error?.message}
      onSubmit={() => save.mutate(input, { onSuccess: onClose })}
      onClose={onClose}
    >
      <FormField label="Service" stretch>
        <Select
          selectedOption={form.service === '' ? null : { value: chosen?.id ?? form.service, label: spokenName(form.service) }}
          placeholder="Choose a service"
          filteringType="auto"
          options={options}
          onChange={({ detail }) => {
            const node = nodes.find((one) => one.id === detail.selectedOption.value);
            set({ service: node?.name ?? '', type: node?.type ?? '' });
          }}
        />
      </FormField>
      <div className="form-row">
        <FormField label="Metric">
          <Select
            selectedOption={{ value: form.metric.name, label: form.metric.label }}
            options={METRICS.map(({ name, label }) => ({ value: name, label }))}
            onChange={({ detail }) => {
              const metric = METRICS.find(({ name }) => name === detail.selectedOption.value)!;
              set({ metric, threshold: String(metric.usual) });
            }}
          />
        </FormField>
        <FormField label="Is">
          <Select
            selectedOption={form.isBelow ? { value: 'below', label: 'below' } : { value: 'above', label: 'above' }}
            options={[{ value: 'above', label: 'above' }, { value: 'below', label: 'below' }]}
            onChange={({ detail }) => set({ isBelow: detail.selectedOption.value === 'below' })}
          />
        </FormField>
        <FormField label={form.metric.unit === '' ? 'Threshold' : `Threshold, ${form.metric.unit}`}>
          <Input value={form.threshold} inputMode="decimal" onChange={({ detail }) => set({ threshold: detail.value })} />
        </FormField>
        <FormField label="Bad minutes">
          <Input value={form.bad} inputMode="numeric" onChange={({ detail }) => set({ bad: detail.value })} />
        </FormField>
        <FormField label="Of the last">
          <Input value={form.periods} inputMode="numeric" onChange={({ detail }) => set({ periods: detail.value })} />
        </FormField>
      </div>
      <FormField label="Without requests" stretch>
        <Select selectedOption={missing} options={MISSING} onChange={({ detail }) => set({ missing: detail.selectedOption.value! })} />
      </FormField>
      <FormField label="Tells" description={notifiers.length === 0 ? 'There is no notifier yet: the alarm is shown here alone' : undefined} stretch>
        <div className="form-row">
          {notifiers.map(({ name }) => (
            <Checkbox key={name} checked={form.notifiers.includes(name)} onChange={({ detail }) => set({ notifiers: detail.checked ? [...form.notifiers, name] : form.notifiers.filter((one) => one !== name) })}>
              {name}
            </Checkbox>
          ))}
        </div>
      </FormField>
      <FormField label="Name" stretch>
        <Input value={form.name} placeholder={suggestedName(form)} spellcheck={false} onChange={({ detail }) => set({ name: detail.value })} />
      </FormField>
      {form.service !== '' && <DryRun alarm={input} />}
    </EditorModal>
  );
}

/** As far as it is tried. */
const SPANS = [
  { days: 1, word: '24 h' },
  { days: 14, word: '14 days' },
  { days: 366, word: 'year' },
];

/** What it would have done, before it is saved. */
function DryRun({ alarm }: { alarm: Operation }) {
  const [span, setSpan] = useState(SPANS[0]!);
  const { data, error } = useDryRun(alarm, span.days);
  const [first] = (data?.transitions ?? []).filter(({ to }) => to === 'ALARM');
  return (
    <>
      <SegmentedControl
        label="Try it on the last"
        selectedId={span.word}
        options={SPANS.map(({ word }) => ({ id: word, text: word }))}
        onChange={({ detail }) => setSpan(SPANS.find(({ word }) => word === detail.selectedId)!)}
      />
      {error ? (
        <p className="outcome-text-fault">{error.message}</p>
      ) : (
        <div role="status">
          {data ? (
            <p>
              In the last {span.word} it would have fired <strong>{data.alarms === 0 ? 'never' : plural(data.alarms, 'time')}</strong>
              {first && <>, first at {instant(first.at)}</>}.
            </p>
          ) : (
            <p className="muted">Trying it on the last {span.word}…</p>
          )}
          {data?.flags.map((flag) => (
            <p key={flag} className="muted">
              {flag}
            </p>
          ))}
        </div>
      )}
    </>
  );
}
