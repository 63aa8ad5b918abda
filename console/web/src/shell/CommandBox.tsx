// One box for everything: a service by name, a trace by its id or header, a page, an action after `>`, or a filter expression.
import Autosuggest, { type AutosuggestProps } from '@cloudscape-design/components/autosuggest';
import { useEffect, useRef, useState } from 'react';
import { get } from '../api/client';
import type { Diagnosis } from '../api/generated/Diagnosis';
import { useGraph } from '../api/queries';
import { go, linkTo, traceLink, useRange } from '../location/address';
import { traceIdIn } from '../location/trace-id';
import { kindName } from '../map/kind';
import { PAGES } from './pages';
import type { Action } from './useActions';
import { useShortcuts } from '../ui/useShortcuts';

const MOST_SERVICES = 12;

export function CommandBox({ actions }: { actions: Action[] }) {
  const [text, setText] = useState('');
  const box = useRef<AutosuggestProps.Ref>(null);
  const graph = useGraph(useRange()).data;
  useShortcuts({ '/': () => box.current?.focus() });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      box.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  const id = traceIdIn(text);
  const wanted = text.trim().toLowerCase();
  const command = wanted.startsWith('>') ? wanted.slice(1).trim() : undefined;
  const services = (graph?.nodes ?? []).filter((node) => node.role !== 'client' && node.name.toLowerCase().includes(wanted));
  const options: AutosuggestProps.Options = command === undefined ? search() : [{ label: 'Actions', options: commands(command) }];

  function commands(part: string): AutosuggestProps.Option[] {
    const pages: Action[] = PAGES.map((entry) => ({ key: `g ${entry.key}`, label: `Go to ${entry.label}`, run: () => go(linkTo(entry.path)) }));
    return [...actions, ...pages]
      .filter((action) => action.label.toLowerCase().includes(part))
      .map((action) => ({ value: `> ${action.label}`, label: action.label, labelTag: action.key }));
  }

  function search(): AutosuggestProps.Options {
    const pages = PAGES.filter((entry) => wanted !== '' && entry.label.toLowerCase().startsWith(wanted));
    const found: [string, AutosuggestProps.Option[]][] = [
      ['Trace', id ? [{ value: `trace ${text}`, label: id, description: 'Open this trace, or learn what became of it' }] : []],
      ['Pages', pages.map((entry) => ({ value: `page ${entry.path}`, label: entry.label, labelTag: `g ${entry.key}` }))],
      ['Services', services.slice(0, MOST_SERVICES).map((node) => ({ value: `node ${node.id}`, label: node.name, description: kindName(node.type, node.role) }))],
      ['Filter expression', wanted !== '' && !id ? [{ value: `filter ${text}`, label: text, description: 'Find traces by this expression' }] : []],
    ];
    return found.filter(([, list]) => list.length > 0).map(([label, list]) => ({ label, options: list }));
  }

  const open = (value: string) => {
    const [kind, rest] = [value.slice(0, value.indexOf(' ')), value.slice(value.indexOf(' ') + 1)];
    setText('');
    if (kind === 'trace') void openTrace(rest);
    else if (kind === 'page') go(linkTo(rest));
    else if (kind === 'node') go(linkTo('/', { sel: rest }));
    else if (kind === 'filter') go(linkTo('/traces', { filter: rest }));
    else run(rest);
  };

  const run = (label: string) => {
    leave();
    if (label.startsWith('Go to ')) go(linkTo(PAGES.find((entry) => label === `Go to ${entry.label}`)!.path));
    else actions.find((action) => action.label === label)?.run();
  };

  /** Enter on plain text: an id opens, the name of a service or a page leads there, the rest is a filter expression. */
  const submit = (value: string) => {
    const plain = value.trim().toLowerCase();
    if (plain.startsWith('>')) {
      const best = commands(plain.slice(1).trim())[0];
      setText('');
      if (best) run(best.label!);
      return;
    }
    const named = graph?.nodes.find((node) => node.role !== 'client' && node.name.toLowerCase() === plain);
    const page = PAGES.find((entry) => entry.label.toLowerCase() === plain);
    setText('');
    if (traceIdIn(value)) void openTrace(value);
    else if (named) go(linkTo('/', { sel: named.id }));
    else if (page) go(linkTo(page.path));
    else if (plain !== '') go(linkTo('/traces', { filter: value.trim() }));
  };

  return (
    <div className="command-box" role="search">
      <Autosuggest
        ref={box}
        value={text}
        onChange={({ detail }) => setText(detail.value)}
        onSelect={({ detail }) => (detail.selectedOption ? open(detail.value) : submit(detail.value))}
        onKeyDown={({ detail }) => {
          if (detail.key === 'Escape') leave();
        }}
        options={options}
        filteringType="manual"
        hideEnteredTextOption
        placeholder="Search services, or paste a trace ID  ( / )"
        ariaLabel="Search services and traces"
        empty={command === undefined ? 'Type a name, paste a trace id, or > for actions.' : 'No such action.'}
        expandToViewport
      />
    </div>
  );
}

function leave(): void {
  (document.activeElement as HTMLElement | null)?.blur();
}

/** To the trace where it is here, and else to the doctor, who says what became of it. */
async function openTrace(pasted: string): Promise<void> {
  leave();
  const known = await get<Diagnosis>('/api/doctor', { q: pasted }).catch(() => undefined);
  const id = known?.traceId ?? traceIdIn(pasted);
  if (known && !['found', 'digesting'].includes(known.fate)) go(linkTo('/doctor', { q: pasted }));
  else if (id) go(traceLink(id));
}
