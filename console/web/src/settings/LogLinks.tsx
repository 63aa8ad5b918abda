// Where the log lines of spans are: rules that make links, per service.
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import type { LogLinkRules } from '../api/generated/LogLinkRules';
import { EXAMPLES, FIELDS, isSame, placeOf, rowsOf, rulesOf, withNew, type Field } from './log-link';
import { RuleActions, RuleSection, useRuleList, WholeComplaint } from './RuleList';

const PATH = '/api/log-links';

export function LogLinks({ mayChange }: { mayChange: boolean }) {
  return (
    <RuleSection<LogLinkRules> id="log-links" title="Links to logs" path={PATH} asking="Asking for the links" editor={(saved) => <Editor key={saved.revision} saved={saved} mayChange={mayChange} />}>
        Each span of the service has a link to its lines. In the URL, <code>{'{trace_id}'}</code>, <code>{'{trace_id_w3c}'}</code>, <code>{'{span_id}'}</code>, <code>{'{service}'}</code>, <code>{'{log_group}'}</code>,{' '}
        <code>{'{start}'}</code> and <code>{'{end}'}</code> (milliseconds; also <code>{'{start_s}'}</code>, <code>{'{start_ns}'}</code>, <code>{'{start_iso}'}</code>) stand for what the span says, percent-encoded. Log groups that
        X-Ray’s plugins record are links to CloudWatch Logs by themselves.
    </RuleSection>
  );
}

function Editor({ saved, mayChange }: { saved: LogLinkRules; mayChange: boolean }) {
  const list = useRuleList(PATH, saved, { rowsOf, rulesOf, isSame, placeOf });
  const { rows, edit, problem } = list;
  return (
    <>
      <WholeComplaint list={list} />
      {rows.length === 0 && saved.fixed.length === 0 && <p className="muted">There are no links yet.</p>}
      {(rows.length > 0 || saved.fixed.length > 0) && (
        <table className="grid log-links">
          <thead>
            <tr>
              <th>Service</th>
              <th>Title</th>
              <th>URL</th>
              <th>
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {saved.fixed.map((rule, place) => (
              <tr key={`fixed ${place}`}>
                <td>{rule.service}</td>
                <td>{rule.title}</td>
                <td className="mono wraps">{rule.url}</td>
                <td className="muted small">from the file of settings</td>
              </tr>
            ))}
            {rows.map((row, place) => (
              <tr key={row.key}>
                {FIELDS.map((field) => (
                  <td key={field}>
                    <Cell field={field} number={place + 1} value={row[field]} problem={problem?.rule === place && problem.field === field ? problem.text : undefined} mayChange={mayChange} onChange={(value) => edit(rows.map((one) => (one.key === row.key ? { ...one, [field]: value } : one)))} />
                  </td>
                ))}
                <td className="row-actions">
                  <Button variant="icon" iconName="remove" ariaLabel={`Delete link ${place + 1}`} disabled={!mayChange} onClick={() => edit(rows.filter((one) => one.key !== row.key))} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <RuleActions list={list} add="Add link" canAdd={rows.length < saved.limit} mayChange={mayChange} onAdd={() => edit(withNew(rows))}>
        {list.isChanged && 'not saved yet'}
      </RuleActions>
      {mayChange && (
        <p className="muted small">
          Begin with{' '}
          {EXAMPLES.map((example, place) => (
            <span key={example.title}>
              {place > 0 && ', '}
              <button type="button" className="text-link plain" onClick={() => edit(withNew(rows, example))}>
                {example.title}
              </button>
            </span>
          ))}
          , and put in your host, or your region and group.
        </p>
      )}
    </>
  );
}

interface CellProps {
  field: Field;
  number: number;
  value: string;
  problem?: string;
  mayChange: boolean;
  onChange: (value: string) => void;
}

const NAME: Record<Field, string> = { service: 'Service', title: 'Title', url: 'URL' };
const PLACEHOLDER: Record<Field, string> = { service: '*', title: 'Loki', url: 'logs.example/?q={trace_id}' };

function Cell({ field, number, value, problem, mayChange, onChange }: CellProps) {
  return (
    <FormField errorText={problem} stretch>
      <Input ariaLabel={`${NAME[field]} of link ${number}`} value={value} placeholder={PLACEHOLDER[field]} spellcheck={false} readOnly={!mayChange} invalid={problem !== undefined} onChange={({ detail }) => onChange(detail.value)} />
    </FormField>
  );
}
