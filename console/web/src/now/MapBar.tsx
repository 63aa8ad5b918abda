// The one row above the map: find and hide, what nodes show, how large maps are collapsed, and the group.
import { useEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import type { Change } from '../location/address';
import { PRESETS } from '../map/find/language';
import { METRICS, metricIn, SIZES, sizeIn, WIDTHS, widthIn } from '../map/metric';
import { DIMENSIONS } from '../map/view/collapse';
import { DEEPEST } from '../map/view/focus';
import type { View } from '../map/view/useScene';
import { plural } from '../quantity';
import { useGroups } from '../groups/queries';

/** Typing highlights as one goes, without a step in the history for each letter. */
const TYPING_MS = 200;

interface BarProps {
  view: View;
  params: URLSearchParams;
  change: (names: Change, replace?: boolean) => void;
  field: RefObject<HTMLInputElement | null>;
  /** Enter in the find field: the worst of what was found, and with Shift in focus. */
  onEnter: (inFocus: boolean) => void;
  onLeave: () => void;
}

export function MapBar({ view, params, change, field, onEnter, onLeave }: BarProps) {
  const groups = (useGroups().data?.groups ?? []).map((group) => group.name);
  const group = params.get('group') ?? '';
  const problem = view.findError ?? view.hideError;
  return (
    <div className="map-bar" role="toolbar" aria-label="What the map shows">
      <Expression
        name="find"
        label="Find on the map"
        placeholder="Find: name, or fault > 5%"
        value={params.get('find') ?? ''}
        isWrong={view.findError !== undefined}
        field={field}
        onChange={(find) => change({ find })}
        onEnter={onEnter}
        onLeave={onLeave}
      />
      <span className="map-bar-count" role="status">
        {view.found && view.findError === undefined ? plural([...view.found].length, 'match', 'matches') : ''}
      </span>
      <Expression
        name="hide"
        label="Hide from the map"
        placeholder="Hide"
        value={params.get('hide') ?? ''}
        isWrong={view.hideError !== undefined}
        onChange={(hide) => change({ hide })}
      />
      {view.hidden > 0 && (
        <button type="button" className="text-link plain" onClick={() => change({ hide: undefined })}>
          {plural(view.hidden, 'node')} hidden: show
        </button>
      )}
      <Choice label="Find by a preset" value="" options={[['', 'Presets'], ...PRESETS.map(([label, expression]): [string, string] => [expression, label])]} onChange={(find) => change({ find })} />
      <span className="map-bar-gap" />
      {view.depth > 0 && (
        <span className="map-bar-focus">
          <Choice
            label="Depth of the focus"
            value={String(view.depth)}
            options={Array.from({ length: DEEPEST }, (_, index): [string, string] => [String(index + 1), `Focus: ${plural(index + 1, 'step')}`])}
            onChange={(focus) => change({ focus })}
          />
          <button type="button" className="text-link plain" onClick={() => change({ focus: undefined })}>
            Leave focus
          </button>
        </span>
      )}
      {(group !== '' || groups.some((name) => name !== 'Default')) && (
        <Choice
          label="Group"
          value={group}
          options={groupOptions(groups, group)}
          onChange={(name) => change({ group: name }, false)}
        />
      )}
      <Choice label="Response time in nodes" value={metricIn(params)} options={Object.entries(METRICS)} onChange={(metric) => change({ metric: metric === 'p50' ? undefined : metric })} />
      <Choice label="Size of nodes" value={sizeIn(params)} options={Object.entries(SIZES)} onChange={(size) => change({ size: size === 'none' ? undefined : size })} />
      <Choice label="Width of edges" value={widthIn(params)} options={Object.entries(WIDTHS)} onChange={(edges) => change({ edges: edges === 'rate' ? undefined : edges })} />
      <Choice
        label="Collapse by"
        value={view.by}
        options={Object.entries(DIMENSIONS).map(([key, label]): [string, string] => [key, key === 'none' ? 'Not collapsed' : `By ${label.toLowerCase()}`])}
        onChange={(by) => change({ by, open: undefined })}
      />
      {problem !== undefined && (
        <p className="map-bar-problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

/** A group that is in the address bar and not among the known ones is shown all the same. */
function groupOptions(groups: string[], chosen: string): [string, string][] {
  const names = new Set([...groups.filter((name) => name !== 'Default'), chosen].filter(Boolean));
  return [['', 'All traces'], ...[...names].map((name): [string, string] => [name, `Group: ${name}`])];
}

interface ExpressionProps {
  name: string;
  label: string;
  placeholder: string;
  value: string;
  isWrong: boolean;
  field?: RefObject<HTMLInputElement | null>;
  onChange: (text: string | undefined) => void;
  onEnter?: (withShift: boolean) => void;
  onLeave?: () => void;
}

function Expression({ name, label, placeholder, value, isWrong, field, onChange, onEnter, onLeave }: ExpressionProps) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const on = useRef({ change: onChange, enter: onEnter });
  on.current = { change: onChange, enter: onEnter };
  /** Enter came before what was typed was looked for; whether with Shift. */
  const entered = useRef<boolean>(undefined);
  const send = (typed: string) => {
    sent.current = typed;
    on.current.change(typed || undefined);
  };
  useEffect(() => {
    // Only what came from elsewhere, such as a preset; what was typed is newer than the address bar.
    if (value !== sent.current) setText(value);
    sent.current = value;
    if (entered.current !== undefined) on.current.enter?.(entered.current);
    entered.current = undefined;
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = window.setTimeout(() => send(text.trim()), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && onEnter) {
      if (text.trim() === value) onEnter(event.shiftKey);
      else {
        entered.current = event.shiftKey;
        send(text.trim());
      }
    } else if (event.key === 'Escape' && onLeave) onLeave();
    else return;
    event.preventDefault();
  };
  return (
    <input
      ref={field}
      className={`map-bar-field is-${name}`}
      type="search"
      spellCheck={false}
      autoComplete="off"
      aria-label={label}
      aria-invalid={isWrong}
      title={`${label}: part of a name, or words of the filter language such as fault > 5%, responsetime.p99 > 1, type = "AWS::DynamoDB::Table", inferred`}
      placeholder={placeholder}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={onKey}
    />
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: [value: string, label: string][];
  onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <select className="map-bar-choice" aria-label={label} title={label} value={value} onChange={(event) => onChange(event.target.value)}>
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </select>
  );
}
