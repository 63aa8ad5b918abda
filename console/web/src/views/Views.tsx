// What somebody chose on a page, saved under a name and found again, by everybody who uses this server.
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { Link } from 'wouter';
import { get, post, remove } from '../api/client';
import type { View } from '../api/generated/View';
import { useSession } from '../api/useSession';
import { useAddress } from '../location/address';
import { EditorModal } from '../ui/EditorModal';
import { keptOf, linkOf, nameProblem } from './view';
import './views.css';

const PATH = '/api/views';

export function Views({ page }: { page: string }) {
  const { params } = useAddress();
  const mayChange = useSession()?.mayChange ?? true;
  const all = useQuery({ queryKey: ['views'], queryFn: ({ signal }) => get<View[]>(PATH, {}, signal), staleTime: 10_000 }).data ?? [];
  const queries = useQueryClient();
  const drop = useMutation({ mutationFn: (name: string) => remove(`${PATH}/${encodeURIComponent(name)}`), onSettled: () => queries.invalidateQueries({ queryKey: ['views'] }) });
  const box = useRef<HTMLDetailsElement>(null);
  const [isSaving, setSaving] = useState(false);
  const views = all.filter((view) => view.page === page);
  const kept = keptOf(params);
  const shown = views.find((view) => view.query === kept);
  const close = () => box.current?.removeAttribute('open');
  return (
    <>
      <details ref={box} className="views" onKeyDown={(event) => event.key === 'Escape' && close()} onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || close()}>
        <summary>{shown ? <span className="views-shown">{shown.name}</span> : 'Views'}</summary>
        <div className="views-body">
          {views.length === 0 && <p className="muted small">None is saved yet.</p>}
          {views.length > 0 && (
            <ul>
              {views.map((view) => (
                <li key={view.name}>
                  <Link className="text-link" href={linkOf(view)} aria-current={view === shown ? 'page' : undefined} onClick={close}>
                    {view.name}
                  </Link>
                  {mayChange && (
                    <button type="button" className="text-link plain" aria-label={`Delete the view ${view.name}`} onClick={() => drop.mutate(view.name)}>
                      Delete
                    </button>
                  )}
                </li>
              ))}
            </ul>
          )}
          {drop.error && (
            <p className="filter-note is-wrong" role="alert">
              {drop.error.message}
            </p>
          )}
          <Button disabled={!mayChange} onClick={() => setSaving(true)}>
            Save this view
          </Button>
        </div>
      </details>
      {isSaving && <SaveView page={page} query={kept} names={all.map(({ name }) => name)} onClose={() => setSaving(false)} />}
    </>
  );
}

function SaveView({ page, query, names, onClose }: { page: string; query: string; names: string[]; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [isTried, setTried] = useState(false);
  const isThere = names.includes(name.trim());
  const save = useMutation({
    mutationFn: () => post<View>(PATH, { name: name.trim(), page, query, replaces: isThere }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['views'] }).then(onClose),
  });
  const problem = isTried ? nameProblem(name) : undefined;
  return (
    <EditorModal
      title="Save this view"
      verb={isThere ? 'Replace' : 'Save'}
      isPending={save.isPending}
      complaint={save.error?.message}
      onSubmit={() => {
        setTried(true);
        if (nameProblem(name) === undefined) save.mutate();
      }}
      onClose={onClose}
    >
      <FormField label="Name" description={isThere ? 'There is one of this name; it is replaced' : 'Filter, grouping, order, group and range are saved; a relative range stays relative'} errorText={problem} stretch>
        <Input value={name} autoFocus spellcheck={false} invalid={problem !== undefined} placeholder="Late orders" onChange={({ detail }) => setName(detail.value)} />
      </FormField>
    </EditorModal>
  );
}
