// One rule in a form: made, changed or copied. What X-Ray says of a field stands beside it.
import Alert from '@cloudscape-design/components/alert';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import type { RuleFields } from '../api/generated/RuleFields';
import { EditorModal } from '../ui/EditorModal';
import { complaintOf } from '../api/operation';
import { PairFields } from '../ui/PairFields';
import { useSettled } from '../ui/useSettled';
import { BoostFields } from './BoostFields';
import { useSaveRule, useVerdict } from './queries';
import { createInput, DEFAULT, isSkippedBySdks, MEMBER, MEMBERS, updateInput } from './rule';

type TextField = 'serviceName' | 'serviceType' | 'host' | 'httpMethod' | 'urlPath' | 'resourceArn';

const MATCHERS: [field: TextField, label: string, hint: string][] = [
  ['serviceName', 'Service name', 'The name of the segment'],
  ['serviceType', 'Service type', 'Its origin, such as AWS::EKS::Container'],
  ['host', 'Host', 'The Host header of the request'],
  ['httpMethod', 'HTTP method', 'Such as GET'],
  ['urlPath', 'URL path', 'Without the query, such as /cart/*'],
  ['resourceArn', 'Resource ARN', 'Of what runs the service'],
];

/** What is written in the form; numbers stay text until they are sent. */
type Form = Omit<RuleFields, 'priority' | 'reservoirSize' | 'fixedRate'> & Record<'priority' | 'reservoirSize' | 'percent', string>;

function formOf(rule: RuleFields): Form {
  const { priority, reservoirSize, fixedRate, ...rest } = rule;
  return { ...rest, priority: String(priority), reservoirSize: String(reservoirSize), percent: String(Number((fixedRate * 100).toPrecision(12))) };
}

function ruleOf({ priority, reservoirSize, percent, ...rest }: Form): RuleFields {
  return { ...rest, name: rest.name.trim(), priority: Number(priority), reservoirSize: Number(reservoirSize), fixedRate: Number((Number(percent) / 100).toPrecision(12)) };
}

interface RuleEditorProps {
  rule: RuleFields;
  isNew: boolean;
  onClose: () => void;
}

export function RuleEditor({ rule: original, isNew, onClose }: RuleEditorProps) {
  const [form, setForm] = useState(() => formOf(original));
  const save = useSaveRule();
  const rule = ruleOf(form);
  const isDefault = !isNew && original.name === DEFAULT;
  const complaint = complaintOf(save.error, MEMBERS);
  const set = (change: Partial<Form>) => setForm((current) => ({ ...current, ...change }));
  const submit = () => save.mutate({ rule, isNew }, { onSuccess: onClose });
  const text = (field: keyof Form & keyof RuleFields) => ({
    value: String(form[field]),
    spellcheck: false,
    onChange: ({ detail }: { detail: { value: string } }) => set({ [field]: detail.value }),
  });
  return (
    <EditorModal
      title={isNew ? 'Create a sampling rule' : `Edit ${original.name}`}
      verb={isNew ? 'Create rule' : 'Save'}
      operation={isNew ? 'CreateSamplingRule' : 'UpdateSamplingRule'}
      input={isNew ? createInput(rule) : updateInput(rule)}
      isPending={save.isPending}
      complaint={complaint.rest}
      onSubmit={submit}
      onClose={onClose}
    >
      <div className="form-row">
        <FormField label="Rule name" description={isNew ? 'At most 32 letters' : 'Clone it for another'} errorText={complaint.byMember[MEMBER.name]} stretch>
          <Input {...text('name')} disabled={!isNew} autoFocus={isNew} placeholder="checkout" />
        </FormField>
        <FormField label="Priority" description={isDefault ? 'Asked last' : 'The lowest is first'} errorText={complaint.byMember[MEMBER.priority]} stretch>
          <Input value={form.priority} inputMode="numeric" disabled={isDefault} onChange={({ detail }) => set({ priority: detail.value })} />
        </FormField>
        <FormField label="Reservoir" description="Kept each second" errorText={complaint.byMember[MEMBER.reservoirSize]} stretch>
          <Input value={form.reservoirSize} inputMode="numeric" onChange={({ detail }) => set({ reservoirSize: detail.value })} />
        </FormField>
        <FormField label="Rate, %" description="Kept of the rest" errorText={complaint.byMember[MEMBER.fixedRate]} stretch>
          <Input value={form.percent} inputMode="decimal" onChange={({ detail }) => set({ percent: detail.value })} />
        </FormField>
      </div>
      {isDefault ? (
        <p className="muted">The Default rule takes whatever no other rule does. Only its reservoir and its rate can be changed.</p>
      ) : (
        <>
          <fieldset>
            <legend>Matches requests where all of these hold</legend>
            <p className="muted small">
              <code>*</code> stands for any text and <code>?</code> for one letter; case does not matter.
            </p>
            <div className="form-grid">
              {MATCHERS.map(([field, label, hint]) => (
                <FormField key={field} label={label} description={hint} errorText={complaint.byMember[MEMBER[field]]} stretch>
                  <Input {...text(field)} />
                </FormField>
              ))}
            </div>
            <PairFields
              label="Attributes"
              description="At most 5, such as url.scheme or a key of your own"
              one="attribute"
              second="Pattern"
              most={5}
              pairs={form.attributes}
              error={complaint.byMember[MEMBER.attributes]}
              onChange={(attributes) => set({ attributes })}
            />
          </fieldset>
          <BoostFields
            boost={form.boost ?? undefined}
            error={complaint.byMember[MEMBER.boost] ?? complaint.byMember.maxrate ?? complaint.byMember.cooldownwindowminutes}
            onChange={(boost) => set({ boost })}
          />
        </>
      )}
      <Draft rule={rule} />
    </EditorModal>
  );
}

const NOTHING = { serviceName: '', serviceType: '', host: '', httpMethod: '', urlPath: '', resourceArn: '', attributes: {} };

/** What the rule would do to the others, before it is saved. */
function Draft({ rule }: { rule: RuleFields }) {
  const isNumbered = Number.isInteger(rule.priority) && rule.priority >= 0 && Number.isInteger(rule.reservoirSize) && rule.reservoirSize >= 0 && Number.isFinite(rule.fixedRate);
  const draft = useSettled(rule);
  const verdict = useVerdict({ ...NOTHING, draft: isNumbered && draft.name !== '' ? draft : undefined }).data;
  return (
    <div role="status">
      {verdict?.draftShadowedBy && (
        <Alert type="warning">
          As it stands this rule is never reached: <strong>{verdict.draftShadowedBy}</strong> is asked before it and covers it.
        </Alert>
      )}
      {verdict && verdict.draftShadows.length > 0 && (
        <Alert type="warning">
          It takes every request from {verdict.draftShadows.map((name, place) => <span key={name}>{place > 0 && ', '}<strong>{name}</strong></span>)}, which would never be reached.
        </Alert>
      )}
      {isSkippedBySdks(rule) && <Alert type="info">X-Ray’s SDKs leave out rules that ask for a resource or for attributes; ADOT’s samplers use them.</Alert>}
    </div>
  );
}
