// What lists of rules in Settings have in common: they are asked for, edited as a whole, and saved unless somebody else was first.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { ApiError, get, put } from '../api/client';
import { useChange } from '../api/operation';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';

interface SectionProps<Saved> {
  id: string;
  title: string;
  /** Where the rules are asked for. */
  path: string;
  asking: string;
  children: ReactNode;
  editor: (saved: Saved) => ReactNode;
}

/** Its children say what the rules are for. */
export function RuleSection<Saved>({ id, title, path, asking, children, editor }: SectionProps<Saved>) {
  const rules = useQuery({ queryKey: [path], queryFn: ({ signal }) => get<Saved>(path, {}, signal), refetchOnWindowFocus: false });
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p className="muted">{children}</p>
      {rules.data ? editor(rules.data) : rules.error ? <Failure error={rules.error} retry={() => void rules.refetch()} /> : <Loading label={asking} />}
    </section>
  );
}

/** How rows become rules and back, and where a complaint about a rule belongs. */
interface Words<Rule, Row, Complaint> {
  rowsOf: (rules: Rule[]) => Row[];
  rulesOf: (rows: Row[]) => Rule[];
  isSame: (rows: Row[], rules: Rule[]) => boolean;
  placeOf: (complaint: string) => Complaint | undefined;
}

export function useRuleList<Rule, Row, Complaint>(path: string, saved: { rules: Rule[]; revision: number }, { rowsOf, rulesOf, isSame, placeOf }: Words<Rule, Row, Complaint>) {
  const queries = useQueryClient();
  const [rows, setRows] = useState(() => rowsOf(saved.rules));
  const save = useChange<Rule[]>((changed) => put(path, { rules: changed, revision: saved.revision }), []);
  const read = () => void queries.invalidateQueries({ queryKey: [path] });
  const edit = (next: Row[]) => {
    save.reset();
    setRows(next);
  };
  return {
    rows,
    edit,
    isChanged: !isSame(rows, saved.rules),
    error: save.error,
    problem: save.error ? placeOf(save.error.message) : undefined,
    isSaving: save.isPending,
    discard: () => edit(rowsOf(saved.rules)),
    save: () => save.mutate(rulesOf(rows), { onSuccess: read }),
    read,
  };
}

type List = Pick<ReturnType<typeof useRuleList>, 'error' | 'problem' | 'isChanged' | 'isSaving' | 'discard' | 'save' | 'read'>;

/** Why nothing was saved, where that is about no rule. */
export function WholeComplaint({ list: { error, problem, read } }: { list: List }) {
  if (!error || problem) return null;
  const isOutdated = error instanceof ApiError && error.status === 409;
  return (
    <Alert type="error" action={isOutdated ? <Button onClick={read}>Read them again</Button> : undefined}>
      {error.message}
    </Alert>
  );
}

interface ActionsProps {
  list: List;
  add: string;
  canAdd: boolean;
  mayChange: boolean;
  onAdd: () => void;
  /** What stands before whether it is saved. */
  children?: ReactNode;
}

export function RuleActions({ list, add, canAdd, mayChange, onAdd, children }: ActionsProps) {
  return (
    <div className="url-rule-actions">
      <Button disabled={!mayChange || !canAdd} onClick={onAdd}>
        {add}
      </Button>
      <Button disabled={!list.isChanged} onClick={list.discard}>
        Discard
      </Button>
      <Button variant="primary" disabled={!list.isChanged || !mayChange} loading={list.isSaving} onClick={list.save}>
        Save
      </Button>
      <span className="muted small">{children}</span>
    </div>
  );
}
