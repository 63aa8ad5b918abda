// One group in a form, with what its filter matches now while it is written.
import Alert from '@cloudscape-design/components/alert';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Textarea from '@cloudscape-design/components/textarea';
import { useState } from 'react';
import { ApiError } from '../api/client';
import type { GroupEntry } from '../api/generated/GroupEntry';
import { useFilterParse } from '../api/queries';
import { Copy } from '../ui/Copy';
import { EditorModal } from '../ui/EditorModal';
import { complaintOf } from '../api/operation';
import { PairFields } from '../ui/PairFields';
import { useSettled } from '../ui/useSettled';
import { useRange } from '../location/address';
import { Preview } from './Preview';
import { groupInput, MAX_NAME, useMatches, useSaveGroup, type GroupForm } from './queries';

interface GroupEditorProps {
  start: GroupForm;
  before?: GroupEntry;
  onClose: () => void;
}

export function GroupEditor({ start, before, onClose }: GroupEditorProps) {
  const [form, setForm] = useState(start);
  const save = useSaveGroup();
  const set = (change: Partial<GroupForm>) => setForm((current) => ({ ...current, ...change }));
  const isDefault = before !== undefined && before.filter == null;
  const filter = useSettled(form.filter.trim());
  const parse = useFilterParse(filter);
  const wrong = filter !== '' && filter === form.filter.trim() ? parse.data?.error : undefined;
  const isReadable = isDefault || (filter !== '' && !parse.isPlaceholderData && parse.data !== undefined && parse.data.error == null);
  const matches = useMatches(useRange(), filter, undefined, isReadable);
  const complaint = complaintOf(save.error, ['groupname', 'filterexpression', 'tags']);
  const submit = () => save.mutate({ form: { ...form, name: form.name.trim(), filter: form.filter.trim() }, before }, { onSuccess: onClose });
  return (
    <EditorModal
      title={before ? `Edit ${before.name}` : 'Create a group'}
      verb={before ? 'Save' : 'Create group'}
      operation={before ? 'UpdateGroup' : 'CreateGroup'}
      input={groupInput({ ...form, filter: form.filter.trim() }, before === undefined)}
      isPending={save.isPending}
      complaint={complaint.rest}
      onSubmit={submit}
      onClose={onClose}
    >
      <FormField label="Name" description={before ? 'A group keeps its name; clone it for another' : `Letters, digits and hyphens, at most ${MAX_NAME}`} errorText={complaint.byMember.groupname} stretch>
        <Input value={form.name} disabled={before !== undefined} autoFocus={before === undefined} spellcheck={false} placeholder="checkout" onChange={({ detail }) => set({ name: detail.value })} />
      </FormField>
      {!isDefault && (
        <FormField
          label="Filter expression"
          errorText={complaint.byMember.filterexpression ?? (wrong ? `${wrong.message} (line ${wrong.line}, position ${wrong.position})` : undefined)}
          stretch
        >
          <Textarea value={form.filter} rows={3} spellcheck={false} invalid={wrong != null} placeholder={'service("checkout") AND http.status >= 500'} onChange={({ detail }) => set({ filter: detail.value })} />
        </FormField>
      )}
      {before && !isDefault && form.filter.trim() !== before.filter && (
        <Alert type="info">From the moment you save, the group counts by this filter. What was counted before stays, by the filter of that time.</Alert>
      )}
      <Preview
        list={matches.data}
        isCurrent={isReadable && !matches.isPlaceholderData}
        isEmptyFilter={!isDefault && filter === ''}
        error={matches.error instanceof ApiError && matches.error.filter ? null : matches.error}
      />
      <div className="form-row">
        <Checkbox checked={form.insights} description="Notices when something goes wrong in this group" onChange={({ detail }) => set({ insights: detail.checked, notifications: detail.checked && form.notifications })}>
          Insights
        </Checkbox>
        <Checkbox checked={form.notifications} disabled={!form.insights} description="Tells of them; needs insights" onChange={({ detail }) => set({ notifications: detail.checked })}>
          Notifications
        </Checkbox>
      </div>
      <PairFields label="Tags" one="tag" second="Value" most={50} pairs={form.tags} error={complaint.byMember.tags} onChange={(tags) => set({ tags })} />
      {before && (
        <p className="expression small">
          <span className="muted">ARN</span> <code>{before.arn}</code> <Copy text={before.arn} what="ARN" />
        </p>
      )}
    </EditorModal>
  );
}
