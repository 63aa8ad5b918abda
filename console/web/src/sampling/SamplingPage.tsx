// Which requests the SDKs record: the rules, what they keep, and a tester that asks the code which decides.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import type { RuleEntry } from '../api/generated/RuleEntry';
import type { RuleFields } from '../api/generated/RuleFields';
import type { SamplingTry } from '../api/generated/SamplingTry';
import { Confirm } from '../ui/Confirm';
import { download } from '../ui/download';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useSession } from '../api/useSession';
import { useSettled } from '../ui/useSettled';
import { useTitle } from '../ui/useTabStatus';
import { useAddress } from '../location/address';
import { ImportRules } from './ImportRules';
import { useDeleteRule, useReprice, useSamplingRules, useVerdict } from './queries';
import { createInput, DEFAULT, freeName, MAX_PRIORITY, NEW_RULE, repriced } from './rule';
import { RuleEditor } from './RuleEditor';
import { RuleTable } from './RuleTable';
import { TryIt } from './TryIt';
import './sampling.css';

/** Fields of the tester as they stand in the address bar. */
const TRIED = { httpMethod: 'method', host: 'host', urlPath: 'path', serviceName: 'service', serviceType: 'type' } as const;

export default function SamplingPage() {
  useTitle('Sampling');
  const { params, change } = useAddress();
  const rules = useSamplingRules();
  const reprice = useReprice();
  const session = useSession();
  const request: SamplingTry = { resourceArn: '', attributes: {}, httpMethod: '', host: '', urlPath: '', serviceName: '', serviceType: '' };
  for (const [field, name] of Object.entries(TRIED)) request[field as keyof typeof TRIED] = params.get(name) ?? '';
  const verdict = useVerdict(useSettled(request)).data;
  const isTried = Object.values(TRIED).some((name) => params.has(name));

  if (rules.data === undefined) {
    return rules.error ? <Failure error={rules.error} retry={() => void rules.refetch()} /> : <Loading label="Asking for the rules" />;
  }
  const entries = rules.data.rules;
  const own = entries.filter((entry) => !entry.isDefault);
  const isFull = own.length >= rules.data.limit;
  const mayChange = session?.mayChange ?? true;
  const move = (order: string[], moved: string) => {
    const ranked = order.map((name) => entries.find((entry) => entry.rule.name === name)!.rule);
    const changes = repriced(ranked, moved);
    reprice.mutate(changes.map(({ name, priority }) => ({ ...ranked.find((rule) => rule.name === name)!, priority })));
  };
  return (
    <div className="page">
      <PageHead
        title="Sampling rules"
        count={`${own.length} of ${rules.data.limit}`}
        actions={
          <>
            <Button onClick={() => change({ edit: undefined, dialog: 'import' }, false)} disabled={!mayChange}>
              Import
            </Button>
            <Button onClick={() => download('sampling-rules.json', exported(entries))}>Export</Button>
            <Button variant="primary" disabled={isFull || !mayChange} onClick={() => change({ dialog: 'new' }, false)}>
              Create rule
            </Button>
          </>
        }
      >
        SDKs ask for these rules, take the first that matches a request, and report what they counted every ten seconds. A change reaches them within minutes.
      </PageHead>
      {rules.error && <Failure error={rules.error} retry={() => void rules.refetch()} stale="before" />}
      {reprice.error && (
        <Alert type="error" header="The order could not be changed">
          {reprice.error.message}
        </Alert>
      )}
      <RuleTable
        entries={entries}
        matched={isTried ? verdict?.rule?.name : undefined}
        mayChange={mayChange}
        onEdit={(name) => change({ dialog: 'edit', rule: name }, false)}
        onClone={(name) => change({ dialog: 'clone', rule: name }, false)}
        onDelete={(name) => change({ dialog: 'delete', rule: name }, false)}
        onMove={move}
      />
      {own.length === 0 && (
        <p className="table-note">
          Only the Default rule is there: one request a second of each service’s fleet, and five per cent of the rest, unless you change it. Create a rule to leave out health checks, or to
          keep more of what matters.
        </p>
      )}
      <TryIt
        request={request}
        verdict={isTried ? verdict : undefined}
        rate={params.get('rate') ?? ''}
        onRate={(rate) => change({ rate })}
        onChange={(next) => change(Object.fromEntries(Object.entries(TRIED).map(([field, name]) => [name, next[field as keyof typeof TRIED]])))}
      />
      <Dialogs entries={entries} />
    </div>
  );
}

function exported(entries: RuleEntry[]): string {
  return JSON.stringify({ SamplingRuleRecords: entries.map((entry) => createInput(entry.rule)) }, null, 2);
}

/** Whatever the address bar says is open. */
function Dialogs({ entries }: { entries: RuleEntry[] }) {
  const { params, change } = useAddress();
  const remove = useDeleteRule();
  const close = () => {
    remove.reset();
    change({ dialog: undefined, rule: undefined });
  };
  const entry = entries.find((one) => one.rule.name === params.get('rule'));
  const names = entries.map((one) => one.rule.name);
  switch (params.get('dialog')) {
    case 'import':
      return <ImportRules entries={entries} onClose={close} />;
    case 'new':
      return <RuleEditor rule={{ ...NEW_RULE, priority: nextPriority(entries) }} isNew onClose={close} />;
    case 'edit':
      return entry ? <RuleEditor key={entry.rule.name} rule={entry.rule} isNew={false} onClose={close} /> : null;
    case 'clone':
      return entry ? <RuleEditor rule={copyOf(entry.rule, names)} isNew onClose={close} /> : null;
    case 'delete':
      return entry && !entry.isDefault ? (
        <Confirm
          title={`Delete ${entry.rule.name}?`}
          action="Delete rule"
          isPending={remove.isPending}
          error={remove.error}
          onClose={close}
          onConfirm={() => remove.mutate(entry.rule.name, { onSuccess: close })}
        >
          Requests that it takes now will fall under the rules after it. What it counted is forgotten.
        </Confirm>
      ) : null;
    default:
      return null;
  }
}

function copyOf(rule: RuleFields, taken: string[]): RuleFields {
  const priority = rule.name === DEFAULT ? MAX_PRIORITY : Math.min(MAX_PRIORITY, rule.priority + 1);
  return { ...rule, name: freeName(rule.name, taken), priority };
}

function nextPriority(entries: RuleEntry[]): number {
  const highest = Math.max(0, ...entries.filter((entry) => !entry.isDefault).map((entry) => entry.rule.priority));
  return Math.min(MAX_PRIORITY, highest === 0 ? NEW_RULE.priority : highest + 10);
}
