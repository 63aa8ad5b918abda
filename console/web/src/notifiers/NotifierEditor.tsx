// One notifier in a form: whom to tell, how to reach them, and of what.
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import Textarea from '@cloudscape-design/components/textarea';
import { useState } from 'react';
import { EditorModal } from '../ui/EditorModal';
import { bodyOf, kindOf, KINDS, missing, placeOf, valuesOf, type Field, type Values } from './kinds';
import { useSaveNotifier, type Notifier } from './queries';

export function NotifierEditor({ before, onClose }: { before?: Notifier; onClose: () => void }) {
  const [name, setName] = useState(before?.name ?? '');
  const [kind, setKind] = useState(kindOf(before?.kind ?? 'webhook'));
  const [values, setValues] = useState<Values>(() => (before ? valuesOf(kind, before) : {}));
  const [insights, setInsights] = useState(before?.insights !== false);
  const [resolved, setResolved] = useState(before?.resolved !== false);
  const save = useSaveNotifier();
  const [isTried, setTried] = useState(false);
  const isHeld = before !== undefined;
  const lacks = missing(kind, name, values, isHeld);
  const place = save.error ? placeOf(kind, save.error.message) : undefined;
  const wrong: Record<string, string> = { ...(place && { [place.member]: place.text }), ...(isTried && lacks) };
  const submit = () => {
    setTried(true);
    save.reset();
    if (Object.keys(lacks).length > 0) return;
    save.mutate({ name: name.trim(), body: { ...bodyOf(kind, values), insights, resolved }, isNew: !isHeld }, { onSuccess: onClose });
  };
  return (
    <EditorModal
      title={before ? `Edit ${before.name}` : 'Add a notifier'}
      verb={before ? 'Save' : 'Add notifier'}
      isPending={save.isPending}
      complaint={place ? undefined : save.error?.message}
      onSubmit={submit}
      onClose={onClose}
    >
      <FormField label="Name" errorText={wrong.name} description={before ? 'It keeps its name' : 'Letters, digits, hyphens and underscores; alarms name it'} stretch>
        <Input value={name} invalid={wrong.name !== undefined} disabled={before !== undefined} autoFocus={before === undefined} spellcheck={false} placeholder="on-call" onChange={({ detail }) => setName(detail.value)} />
      </FormField>
      <FormField label="Kind" stretch>
        <Select
          disabled={before !== undefined}
          selectedOption={{ value: kind.name, label: kind.label }}
          options={KINDS.map((one) => ({ value: one.name, label: one.label }))}
          onChange={({ detail }) => setKind(kindOf(detail.selectedOption.value!))}
        />
      </FormField>
      {kind.fields.map((field) => (
        <Box key={`${kind.name} ${field.member}`} field={field} isHeld={isHeld} problem={wrong[field.member]} value={values[field.member] ?? ''} onChange={(value) => setValues((current) => ({ ...current, [field.member]: value }))} />
      ))}
      <div className="form-row">
        <Checkbox checked={insights} description="Without it, only of the alarms that name it" onChange={({ detail }) => setInsights(detail.checked)}>
          Tell of insights
        </Checkbox>
        <Checkbox checked={resolved} description="A message when it is over" onChange={({ detail }) => setResolved(detail.checked)}>
          Tell what is over
        </Checkbox>
      </div>
    </EditorModal>
  );
}

function Box({ field, isHeld, problem, value, onChange }: { field: Field; isHeld: boolean; problem?: string; value: string; onChange: (value: string) => void }) {
  if (field.kind === 'flag') {
    return (
      <Checkbox checked={value === 'true'} onChange={({ detail }) => onChange(String(detail.checked))}>
        {field.label}
      </Checkbox>
    );
  }
  const help = [field.help, field.isSecret && isHeld ? 'What stands here is not shown; leave it to keep it' : undefined].filter(Boolean).join('. ');
  const label = field.isOptional ? (
    <>
      {field.label} <i>optional</i>
    </>
  ) : (
    field.label
  );
  return (
    <FormField label={label} errorText={problem} description={help || undefined} stretch>
      {field.kind === 'choice' ? (
        <Select selectedOption={{ value: value || field.choices![0]!, label: value || field.choices![0]! }} options={field.choices!.map((choice) => ({ value: choice, label: choice }))} onChange={({ detail }) => onChange(detail.selectedOption.value!)} />
      ) : field.kind === 'list' || field.kind === 'long' ? (
        <Textarea value={value} invalid={problem !== undefined} rows={field.kind === 'long' ? 5 : 2} spellcheck={false} onChange={({ detail }) => onChange(detail.value)} />
      ) : (
        <Input value={value} invalid={problem !== undefined} type={field.member === 'password' ? 'password' : 'text'} autoComplete={false} inputMode={field.kind === 'number' ? 'numeric' : undefined} spellcheck={false} placeholder={field.placeholder} onChange={({ detail }) => onChange(detail.value)} />
      )}
    </FormField>
  );
}
