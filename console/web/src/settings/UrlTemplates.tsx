// As what the URLs of a service are shown: rules in the order in which they are asked, and a field to try them.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, get, post, put } from '../api/client';
import type { UrlTemplateRule } from '../api/generated/UrlTemplateRule';
import type { UrlTemplates as Rules } from '../api/generated/UrlTemplates';
import type { UrlTemplateVerdict } from '../api/generated/UrlTemplateVerdict';
import { useChange } from '../api/operation';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { useSettled } from '../ui/useSettled';
import { isSame, moved, placeOf, rowsOf, rulesOf, withNew, type Row } from './url-rule';

const PATH = '/api/url-templates';
const KEY = 'url-templates';

export function UrlTemplates({ mayChange }: { mayChange: boolean }) {
  const rules = useQuery({ queryKey: [KEY], queryFn: ({ signal }) => get<Rules>(PATH, {}, signal), refetchOnWindowFocus: false });
  return (
    <section aria-labelledby="url-templates">
      <h2 id="url-templates">URL templates</h2>
      <p className="muted">
        Numbers, UUIDs and tokens in a path become <code>{'{id}'}</code> by themselves. A rule says it where that is not enough: the first one that takes a URL of the service decides, and its path, as it is
        written, is the template. <code>{'{name}'}</code> is any one part, a <code>*</code> at the end the rest. It counts for traces that come from then on; what is shown already stays as it is.
      </p>
      {rules.data ? (
        <Editor key={rules.data.revision} saved={rules.data} mayChange={mayChange} />
      ) : rules.error ? (
        <Failure error={rules.error} retry={() => void rules.refetch()} />
      ) : (
        <Loading label="Asking for the rules" />
      )}
    </section>
  );
}

function Editor({ saved, mayChange }: { saved: Rules; mayChange: boolean }) {
  const queries = useQueryClient();
  const [rows, setRows] = useState(() => rowsOf(saved.rules));
  const [url, setUrl] = useState('');
  const [service, setService] = useState('');
  const save = useChange<UrlTemplateRule[]>((changed) => put(PATH, { rules: changed, revision: saved.revision }), []);
  const rules = rulesOf(rows);
  const asked = useSettled({ service, url, rules });
  const tried = useQuery({
    queryKey: [KEY, 'try', asked],
    queryFn: ({ signal }) => post<UrlTemplateVerdict>(`${PATH}/try`, asked, signal),
    enabled: asked.url !== '',
    retry: false,
    placeholderData: keepPreviousData,
  });
  const isChanged = !isSame(rows, saved.rules);
  const edit = (next: Row[]) => {
    save.reset();
    setRows(next);
  };
  const problem = save.error ? placeOf(save.error.message) : undefined;
  const isOutdated = save.error instanceof ApiError && save.error.status === 409;
  const read = () => void queries.invalidateQueries({ queryKey: [KEY] });
  const taken = asked.url !== '' && !tried.error ? tried.data?.rule : undefined;
  return (
    <>
      {save.error && !problem && (
        <Alert type="error" action={isOutdated ? <Button onClick={read}>Read them again</Button> : undefined}>
          {save.error.message}
        </Alert>
      )}
      {rows.length === 0 ? (
        <p className="muted">There are no rules: every URL is shown by what it looks like.</p>
      ) : (
        <table className="grid url-rules">
          <thead>
            <tr>
              <th className="number">Asked</th>
              <th>Service</th>
              <th>Path</th>
              <th>
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => (
              <RuleRow
                key={row.key}
                row={row}
                place={place}
                count={rows.length}
                isTaken={taken === place}
                problem={problem?.rule === place ? problem : undefined}
                mayChange={mayChange}
                onChange={(changed) => edit(rows.map((one) => (one.key === row.key ? changed : one)))}
                onMove={(by) => edit(moved(rows, row.key, by))}
                onDelete={() => edit(rows.filter((one) => one.key !== row.key))}
              />
            ))}
          </tbody>
        </table>
      )}
      <div className="url-rule-actions">
        <Button disabled={!mayChange || rows.length >= saved.limit} onClick={() => edit(withNew(rows))}>
          Add rule
        </Button>
        <Button disabled={!isChanged} onClick={() => edit(rowsOf(saved.rules))}>
          Discard
        </Button>
        <Button variant="primary" disabled={!isChanged || !mayChange} loading={save.isPending} onClick={() => save.mutate(rules, { onSuccess: read })}>
          Save
        </Button>
        <span className="muted small">
          {rows.length} of {saved.limit}
          {isChanged && ' · not saved yet'}
        </span>
      </div>
      <h3>Try it</h3>
      <p className="muted">Against the rules above, saved or not.</p>
      <div className="url-rule-try">
        <FormField label="Service" stretch>
          <Input value={service} placeholder="shop" spellcheck={false} onChange={({ detail }) => setService(detail.value)} />
        </FormField>
        <FormField label="URL" stretch>
          <Input value={url} placeholder="/orders/lamp/items/7" spellcheck={false} onChange={({ detail }) => setUrl(detail.value)} />
        </FormField>
      </div>
      {asked.url !== '' && (
        <p role="status">
          {tried.error ? tried.error.message : tried.data && <Verdict verdict={tried.data} rules={asked.rules} />}
        </p>
      )}
    </>
  );
}

interface RuleRowProps {
  row: Row;
  place: number;
  count: number;
  isTaken: boolean;
  problem?: { field: 'service' | 'path'; text: string };
  mayChange: boolean;
  onChange: (row: Row) => void;
  onMove: (by: -1 | 1) => void;
  onDelete: () => void;
}

function RuleRow({ row, place, count, isTaken, problem, mayChange, onChange, onMove, onDelete }: RuleRowProps) {
  const number = place + 1;
  const field = (name: 'service' | 'path') => (
    <FormField errorText={problem?.field === name ? problem.text : undefined} stretch>
      <Input
        ariaLabel={`${name === 'path' ? 'Path' : 'Service'} of rule ${number}`}
        value={row[name]}
        placeholder={name === 'path' ? '/orders/{order}/items/*' : '*'}
        spellcheck={false}
        readOnly={!mayChange}
        invalid={problem?.field === name}
        onChange={({ detail }) => onChange({ ...row, [name]: detail.value })}
      />
    </FormField>
  );
  return (
    <tr className={isTaken ? 'is-matched' : undefined}>
      <td className="number">{number}</td>
      <td>{field('service')}</td>
      <td>{field('path')}</td>
      <td className="row-actions">
        <Button variant="icon" iconName="angle-up" ariaLabel={`Move rule ${number} up`} disabled={!mayChange || place === 0} onClick={() => onMove(-1)} />
        <Button variant="icon" iconName="angle-down" ariaLabel={`Move rule ${number} down`} disabled={!mayChange || number === count} onClick={() => onMove(1)} />
        <Button variant="icon" iconName="remove" ariaLabel={`Delete rule ${number}`} disabled={!mayChange} onClick={onDelete} />
      </td>
    </tr>
  );
}

function Verdict({ verdict, rules }: { verdict: UrlTemplateVerdict; rules: UrlTemplateRule[] }) {
  const rule = verdict.rule == null ? undefined : rules[verdict.rule];
  return rule ? (
    <>
      Rule {verdict.rule! + 1}, for <code>{rule.service}</code>, takes it: it is shown as <code>{verdict.template}</code>. Without rules it is <code>{verdict.byLooks}</code>.
    </>
  ) : (
    <>
      No rule takes it. By what it looks like it is <code>{verdict.template}</code>.
    </>
  );
}
