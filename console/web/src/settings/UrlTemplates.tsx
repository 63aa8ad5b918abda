// As what the URLs of a service are shown: rules in the order in which they are asked, and a field to try them.
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../api/client';
import type { UrlTemplateRule } from '../api/generated/UrlTemplateRule';
import type { UrlTemplates as Rules } from '../api/generated/UrlTemplates';
import type { UrlTemplateVerdict } from '../api/generated/UrlTemplateVerdict';
import { useSettled } from '../ui/useSettled';
import { RuleActions, RuleSection, useRuleList, WholeComplaint } from './RuleList';
import { isSame, moved, placeOf, rowsOf, rulesOf, withNew, type Field, type Row } from './url-rule';

const PATH = '/api/url-templates';

export function UrlTemplates({ mayChange }: { mayChange: boolean }) {
  return (
    <RuleSection<Rules> id="url-templates" title="URL templates" path={PATH} asking="Asking for the rules" editor={(saved) => <Editor key={saved.revision} saved={saved} mayChange={mayChange} />}>
        Numbers, UUIDs and tokens in a path become <code>{'{id}'}</code> by themselves. A rule says it where that is not enough: the first one that takes a URL of the service decides, and its path, as it is
        written, is the template. <code>{'{name}'}</code> is any one part, a <code>*</code> at the end the rest. It counts for traces that come from then on; what is shown already stays as it is.
    </RuleSection>
  );
}

function Editor({ saved, mayChange }: { saved: Rules; mayChange: boolean }) {
  const list = useRuleList(PATH, saved, { rowsOf, rulesOf, isSame, placeOf });
  const { rows, edit, problem } = list;
  const [url, setUrl] = useState('');
  const [service, setService] = useState('');
  const rules = rulesOf(rows);
  const asked = useSettled({ service, url, rules });
  const tried = useQuery({
    queryKey: [PATH, 'try', asked],
    queryFn: ({ signal }) => post<UrlTemplateVerdict>(`${PATH}/try`, asked, signal),
    enabled: asked.url !== '',
    retry: false,
    placeholderData: keepPreviousData,
  });
  const taken = asked.url !== '' && !tried.error ? tried.data?.rule : undefined;
  return (
    <>
      <WholeComplaint list={list} />
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
      <RuleActions list={list} add="Add rule" canAdd={rows.length < saved.limit} mayChange={mayChange} onAdd={() => edit(withNew(rows))}>
        {rows.length} of {saved.limit}
        {list.isChanged && ' · not saved yet'}
      </RuleActions>
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
  problem?: { field: Field; text: string };
  mayChange: boolean;
  onChange: (row: Row) => void;
  onMove: (by: -1 | 1) => void;
  onDelete: () => void;
}

function RuleRow({ row, place, count, isTaken, problem, mayChange, onChange, onMove, onDelete }: RuleRowProps) {
  const number = place + 1;
  const field = (name: Field) => (
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
