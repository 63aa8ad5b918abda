// Makes a key: for whom, of which kind, and what it may do; then shows its secret once.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import Textarea from '@cloudscape-design/components/textarea';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../api/client';
import type { KeyKind } from '../api/generated/KeyKind';
import type { KeyRequest } from '../api/generated/KeyRequest';
import type { MadeKey } from '../api/generated/MadeKey';
import type { PolicyCheck } from '../api/generated/PolicyCheck';
import type { PolicyPreset } from '../api/generated/PolicyPreset';
import { Copy } from '../ui/Copy';
import { useSettled } from '../ui/useSettled';

const DAY = 24 * 60 * 60 * 1000;
/** How long a key is good, in days. */
const TERMS = [
  { value: '', label: 'Until it is revoked' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
];

interface KeyEditorProps {
  presets: PolicyPreset[];
  onClose: () => void;
}

export function KeyEditor({ presets, onClose }: KeyEditorProps) {
  const [name, setName] = useState('');
  const [kind, setKind] = useState<KeyKind>('accessKey');
  const [policy, setPolicy] = useState(presets[0]?.policy ?? '');
  const [days, setDays] = useState('');
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: (request: KeyRequest) => post<MadeKey>('/api/keys', request),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  const settled = useSettled(policy);
  const check = useQuery({
    queryKey: ['policy', settled],
    queryFn: ({ signal }) => post<PolicyCheck>('/api/keys/check', { policy: settled }, signal),
    staleTime: Infinity,
  });
  const wrong = settled === policy ? (check.data?.error ?? undefined) : undefined;
  const chosen = presets.find((preset) => preset.policy === policy);
  if (make.data) return <Made made={make.data} onClose={onClose} />;
  return (
    <Modal
      visible
      size="large"
      header="Create a key"
      onDismiss={onClose}
      closeAriaLabel="Close without creating"
      footer={
        <div className="modal-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" loading={make.isPending} disabled={wrong !== undefined} onClick={() => make.mutate({ name: name.trim(), kind, policy, ...(days === '' ? {} : { expires: Date.now() + Number(days) * DAY }) })}>
            Create key
          </Button>
        </div>
      }
    >
      <div className="rule-form">
        {make.error && <Alert type="error">{make.error.message}</Alert>}
        <FormField label="Name" description="Of whom or what it is the key, such as k8s-nodes" stretch>
          <Input value={name} autoFocus spellcheck={false} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <FormField label="Kind">
          <RadioGroup
            value={kind}
            onChange={({ detail }) => setKind(detail.value as KeyKind)}
            items={[
              { value: 'accessKey', label: 'Access key', description: 'An id and a secret: SDKs, agents and the AWS CLI sign with it' },
              { value: 'consoleToken', label: 'Console token', description: 'Signs a person in here, or a program that can send no more than a header' },
            ]}
          />
        </FormField>
        <FormField label="Good for">
          <Select selectedOption={TERMS.find(({ value }) => value === days) ?? null} options={TERMS} onChange={({ detail }) => setDays(detail.selectedOption.value ?? '')} />
        </FormField>
        <FormField label="Start from" stretch>
          <Select
            selectedOption={chosen ? { value: chosen.name, label: chosen.name } : { value: '', label: 'A policy of its own' }}
            options={presets.map((preset) => ({ value: preset.name, label: preset.name }))}
            onChange={({ detail }) => setPolicy(presets.find((preset) => preset.name === detail.selectedOption.value)?.policy ?? policy)}
          />
        </FormField>
        <FormField label="Policy" description="In IAM’s language: the JSON of a role can be pasted as it is" errorText={wrong} stretch>
          <Textarea value={policy} rows={12} spellcheck={false} onChange={({ detail }) => setPolicy(detail.value)} />
        </FormField>
      </div>
    </Modal>
  );
}

function Made({ made, onClose }: { made: MadeKey; onClose: () => void }) {
  const isToken = made.key.kind === 'consoleToken';
  return (
    <Modal
      visible
      header={isToken ? 'The token' : 'The key and its secret'}
      onDismiss={onClose}
      closeAriaLabel="Close; the secret is not shown again"
      footer={
        <div className="modal-foot">
          <Button variant="primary" onClick={onClose}>
            I have kept it
          </Button>
        </div>
      }
    >
      <div className="rule-form">
        <Alert type="warning">This is shown once. Keep it now: it cannot be read again, only revoked.</Alert>
        {!isToken && <Shown label="AWS_ACCESS_KEY_ID" value={made.key.id} />}
        <Shown label={isToken ? 'Token' : 'AWS_SECRET_ACCESS_KEY'} value={made.secret} />
      </div>
    </Modal>
  );
}

function Shown({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <div className="muted small">{label}</div>
      <p className="expression">
        <code>{value}</code> <Copy text={value} what={label} />
      </p>
    </div>
  );
}
