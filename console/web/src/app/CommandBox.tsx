// One box for everything: a service by name, a trace by its id or header, a page, or a filter expression.
import Autosuggest, { type AutosuggestProps } from '@cloudscape-design/components/autosuggest';
import { useRef, useState } from 'react';
import { useGraph } from '../api/queries';
import { go, linkTo, traceLink, useRange } from '../location/address';
import { traceIdIn } from '../location/trace-id';
import { kindName } from '../map/kind';
import { PAGES } from './pages';
import { useShortcuts } from './useShortcuts';

const MOST_SERVICES = 12;

export function CommandBox() {
  const [text, setText] = useState('');
  const box = useRef<AutosuggestProps.Ref>(null);
  const graph = useGraph(useRange()).data;
  useShortcuts({ '/': () => box.current?.focus() });

  const id = traceIdIn(text);
  const wanted = text.trim().toLowerCase();
  const services = (graph?.nodes ?? [])
    .filter((node) => node.role !== 'client' && node.name.toLowerCase().includes(wanted))
    .slice(0, MOST_SERVICES)
    .map((node) => ({ value: `node ${node.id}`, label: node.name, description: kindName(node.type, node.role) }));
  const pages = PAGES.filter((entry) => wanted !== '' && entry.label.toLowerCase().startsWith(wanted)).map((entry) => ({
    value: `page ${entry.path}`, label: entry.label, description: `g ${entry.key}`,
  }));
  const options: AutosuggestProps.Options = [
    ...(id ? [{ label: 'Trace', options: [{ value: `trace ${id}`, label: id, description: 'Open this trace' }] }] : []),
    ...(wanted !== '' && !id
      ? [{ label: 'Filter expression', options: [{ value: `filter ${text}`, label: text, description: 'Find traces by this expression' }] }]
      : []),
    ...(pages.length > 0 ? [{ label: 'Pages', options: pages }] : []),
    ...(services.length > 0 ? [{ label: 'Services', options: services }] : []),
  ];

  const open = (value: string) => {
    const [kind, rest] = [value.slice(0, value.indexOf(' ')), value.slice(value.indexOf(' ') + 1)];
    setText('');
    if (kind === 'trace') go(traceLink(rest));
    else if (kind === 'page') go(linkTo(rest));
    else if (kind === 'node') go(linkTo('/', { sel: rest }));
    else if (kind === 'filter') go(linkTo('/traces', { filter: rest }));
    else submit(value);
  };

  /** Enter on plain text: an id opens, the name of a service selects it, the rest is a filter expression. */
  const submit = (value: string) => {
    const pasted = traceIdIn(value);
    const named = graph?.nodes.find((node) => node.role !== 'client' && node.name.toLowerCase() === value.trim().toLowerCase());
    setText('');
    if (pasted) go(traceLink(pasted));
    else if (named) go(linkTo('/', { sel: named.id }));
    else if (value.trim() !== '') go(linkTo('/traces', { filter: value.trim() }));
  };

  return (
    <div className="command-box" role="search">
      <Autosuggest
        ref={box}
        value={text}
        onChange={({ detail }) => setText(detail.value)}
        onSelect={({ detail }) => (detail.selectedOption ? open(detail.value) : submit(detail.value))}
        onKeyDown={({ detail }) => {
          if (detail.key === 'Escape') (document.activeElement as HTMLElement | null)?.blur();
        }}
        options={options}
        filteringType="manual"
        hideEnteredTextOption
        placeholder="Search services, or paste a trace ID  ( / )"
        ariaLabel="Search services and traces"
        empty="No service has this name."
        expandToViewport
      />
    </div>
  );
}
