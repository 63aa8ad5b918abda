// Where the log lines of spans are: rules that make links, per service.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, get, put } from '../api/client';
import type { LogLinkRule } from '../api/generated/LogLinkRule';
import type { LogLinkRules } from '../api/generated/LogLinkRules';
import { useChange } from '../api/operation';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { EXAMPLES, FIELDS, isSame, placeOf, rowsOf, rulesOf, withNew, type Field, type Row } from './log-link';

const PATH = '/api/log-links';
const KEY = 'log-links';

export function LogLinks({ mayChange }: { mayChange: boolean }) {
  const rules = useQuery({ queryKey: [KEY], queryFn: ({ signal }) => get<LogLinkRules>(PATH, {}, signal), refetchOnWindowFocus: false });
  return (
    <section aria-labelledby="log-links">
      <h2 id="log-links">Links to logs</h2>
      <p className="muted">
        Each span of the service has a link to its lines. In the URL, <code>{'{trace_id}'}</code>, <code>{'{trace_id_w3c}'}</code>, <code>{'{span_id}'}</code>, <code>{'{service}'}</code>, <code>{'{log_group}'}</code>,{' '}
        <code>{'{start}'}</code> and <code>{'{end}'}</code> (milliseconds; also <code>{'{start_s}'}</code>, <code>{'{start_ns}'}</code>, <code>{'{start_iso}'}</code>) stand for what the span says, percent-encoded. Log groups that
        X-Ray’s plugins record are links to CloudWatch Logs by themselves.
      </p>
      {rules.data ? (
        <Editor key={rules.data.revision} saved={rules.data} mayChange={mayChange} />
      ) : rules.error ? (
        <Failure error={rules.error} retry={() => void rules.refetch()} />
      ) : (
        <Loading label="Asking for the links" />
      )}
    </section>
  );
}

function Editor({ saved, mayChange }: { saved: LogLinkRules; mayChange: boolean }) {
  const queries = useQueryClient();
  const [rows, setRows] = useState(() => rowsOf(saved.rules));
  const save = useChange<LogLinkRule[]>((changed) => put(PATH, { rules: changed, revision: saved.revision }), []);
  const isChanged = !isSame(rows, saved.rules);
  const edit = (next: Row[]) => {
    save.reset();
    setRows(next);
  };
  const problem = save.error ? placeOf(save.error.message) : undefined;
  const isOutdated = save.error instanceof ApiError && save.error.status === 409;
  const read = () => void queries.invalidateQueries({ queryKey: [KEY] });
  return (
    <>
      {save.error && !problem && (
        <Alert type="error" action={isOutdated ? <Button onClick={read}>Read them again</Button> : undefined}>
          {save.error.message}
        </Alert>
      )}
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
      <div className="url-rule-actions">
        <Button disabled={!mayChange || rows.length >= saved.limit} onClick={() => edit(withNew(rows))}>
          Add link
        </Button>
        <Button disabled={!isChanged} onClick={() => edit(rowsOf(saved.rules))}>
          Discard
        </Button>
        <Button variant="primary" disabled={!isChanged || !mayChange} loading={save.isPending} onClick={() => save.mutate(rulesOf(rows), { onSuccess: read })}>
          Save
        </Button>
        <span className="muted small">{isChanged && 'not saved yet'}</span>
      </div>
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
