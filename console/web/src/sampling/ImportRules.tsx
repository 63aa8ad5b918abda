// Rules from a file: what would change is shown first, then each rule is sent by itself.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Modal from '@cloudscape-design/components/modal';
import Textarea from '@cloudscape-design/components/textarea';
import { useState } from 'react';
import type { RuleEntry } from '../api/generated/RuleEntry';
import type { RuleFields } from '../api/generated/RuleFields';
import { readRules } from './import';
import { useSaveRule } from './queries';
import { matchersOf } from './rule';

interface ImportRulesProps {
  entries: RuleEntry[];
  onClose: () => void;
}

type Outcome = 'saved' | { failed: string };

export function ImportRules({ entries, onClose }: ImportRulesProps) {
  const [text, setText] = useState('');
  const [outcomes, setOutcomes] = useState<Record<string, Outcome>>({});
  const save = useSaveRule();
  const read = text.trim() === '' ? [] : readRules(text);
  const rules = typeof read === 'string' ? [] : read;
  const known = new Map(entries.map((entry) => [entry.rule.name, entry.rule]));
  const wanted = rules.filter((rule) => actionOn(rule, known.get(rule.name)) !== 'unchanged' && outcomes[rule.name] !== 'saved');
  const apply = async () => {
    for (const rule of wanted) {
      const outcome = await save
        .mutateAsync({ rule, isNew: !known.has(rule.name) })
        .then((): Outcome => 'saved')
        .catch((error: Error): Outcome => ({ failed: error.message }));
      setOutcomes((before) => ({ ...before, [rule.name]: outcome }));
    }
  };
  const isDone = rules.length > 0 && wanted.length === 0;
  return (
    <Modal
      visible
      size="large"
      header="Import sampling rules"
      onDismiss={onClose}
      closeAriaLabel="Close the import"
      footer={
        <div className="modal-foot">
          <Button onClick={onClose}>{isDone ? 'Close' : 'Cancel'}</Button>
          {!isDone && (
            <Button variant="primary" disabled={wanted.length === 0} loading={save.isPending} onClick={() => void apply()}>
              {`Import ${wanted.length}`}
            </Button>
          )}
        </div>
      }
    >
      <div className="rule-form">
        <FormField
          label="Rules as JSON"
          description="An export of this page, what aws xray get-sampling-rules prints, or the sampling-rules.json of an SDK"
          errorText={typeof read === 'string' ? read : undefined}
          stretch
        >
          <Textarea value={text} rows={8} spellcheck={false} placeholder='{ "SamplingRuleRecords": [ ... ] }' onChange={({ detail }) => setText(detail.value)} />
        </FormField>
        <label className="file-button">
          <span>Choose a file</span>
          <input
            type="file"
            accept=".json,application/json"
            onChange={(event) => {
              void event.target.files?.[0]?.text().then(setText);
            }}
          />
        </label>
        {rules.length > 0 && (
          <table className="grid">
            <thead>
              <tr>
                <th>Rule</th>
                <th>Matches</th>
                <th className="number">Reservoir</th>
                <th className="number">Rate</th>
                <th>What happens</th>
              </tr>
            </thead>
            <tbody>
              {rules.map((rule) => (
                <tr key={rule.name}>
                  <td>{rule.name}</td>
                  <td>{matchersOf(rule).map(({ label, pattern }) => `${label} ${pattern}`.trim()).join(', ') || 'every request'}</td>
                  <td className="number">{rule.reservoirSize}/s</td>
                  <td className="number">{rule.fixedRate * 100} %</td>
                  <td>{said(outcomes[rule.name], actionOn(rule, known.get(rule.name)))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {isDone && <Alert type="success">All rules of the file are in force.</Alert>}
      </div>
    </Modal>
  );
}

function actionOn(rule: RuleFields, old: RuleFields | undefined): 'create' | 'update' | 'unchanged' {
  if (old === undefined) return 'create';
  const text = (one: RuleFields) => JSON.stringify([one.priority, one.reservoirSize, one.fixedRate, matchersOf(one), one.boost ?? null]);
  return text(old) === text(rule) ? 'unchanged' : 'update';
}

function said(outcome: Outcome | undefined, action: string) {
  if (outcome === 'saved') return <span className="outcome-text-ok">saved</span>;
  if (outcome) return <span className="outcome-text-fault">{outcome.failed}</span>;
  return <span className="muted">{action}</span>;
}
