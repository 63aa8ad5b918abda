// A field for a filter expression: completions by keyboard, and the server's error underlined where it stands.
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import type { FilterProblem } from '../api/generated/FilterProblem';
import { useFilterParse } from '../api/queries';
import { useSettled } from '../ui/useSettled';
import { traceIdIn } from '../location/trace-id';
import { quoted } from './expression';
import { useCompletions } from './queries';
import { Underlined } from './Underlined';

const SHOWN = 12;

interface Option {
  text: string;
  /** The field's text with this in place. */
  result: string;
  note?: string;
}

interface InputProps {
  value: string;
  onChange: (text: string) => void;
  onSubmit: (text: string) => void;
  /** What is wrong with the text as it stands. */
  onProblem?: (problem: FilterProblem | undefined) => void;
  onEscape?: () => void;
  placeholder?: string;
  isFocused?: boolean;
  noteId?: string;
  label?: string;
}

export function ExpressionInput({ value, onChange, onSubmit, onProblem, onEscape, placeholder, isFocused, noteId, label = 'Filter expression' }: InputProps) {
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [cursor, setCursor] = useState(value.length);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const settled = useSettled(value);
  const parse = useFilterParse(settled);
  const isCurrent = settled === value && !parse.isPlaceholderData;
  const problem = value.trim() !== '' && isCurrent ? (parse.data?.error ?? undefined) : undefined;
  useEffect(() => onProblem?.(problem), [problem]);
  const before = value.slice(0, cursor);
  const completions = useCompletions(before, isOpen);
  const options = isOpen && !completions.isPlaceholderData ? [...found(value, cursor, completions.data?.completions ?? []), ...guesses(value, problem)].slice(0, SHOWN) : [];
  useEffect(() => setActive(-1), [before, isOpen]);
  useEffect(() => {
    if (field.current === null) return;
    field.current.style.height = 'auto';
    field.current.style.height = `${Math.min(160, field.current.scrollHeight)}px`;
  }, [value]);

  const take = (option: Option) => {
    onChange(option.result);
    const at = option.result.length - (value.length - cursor);
    setCursor(option.note ? option.result.length : at);
    if (option.note) setOpen(false);
    requestAnimationFrame(() => field.current?.setSelectionRange(at, at));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = options[active];
    if (step !== undefined && options.length > 0) {
      event.preventDefault();
      setActive((now) => (now + step + (now < 0 && step < 0 ? 1 : 0) + options.length) % options.length);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && chosen) {
      event.preventDefault();
      take(chosen);
    } else if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      setOpen(true);
    } else if (event.key === 'Escape') {
      if (isOpen && options.length > 0) setOpen(false);
      else onEscape?.();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      setOpen(false);
      onSubmit(value.trim());
    }
  };
  return (
    <div className={problem ? 'expression-input is-wrong' : 'expression-input'}>
      <Underlined text={value} problem={problem} />
      <textarea
        ref={field}
        rows={1}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        autoFocus={isFocused}
        value={value}
        aria-label={label}
        aria-invalid={problem !== undefined}
        aria-describedby={noteId}
        aria-autocomplete="list"
        aria-controls={options.length > 0 ? `${id}-list` : undefined}
        aria-activedescendant={active >= 0 && options[active] ? `${id}-${active}` : undefined}
        placeholder={placeholder}
        onChange={(event) => {
          onChange(event.target.value);
          setCursor(event.target.selectionStart);
          setOpen(true);
        }}
        onSelect={(event) => setCursor(event.currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
        onBlur={() => setOpen(false)}
      />
      {options.length > 0 && (
        <ul className="completions" role="listbox" id={`${id}-list`} aria-label="Completions">
          {options.map((option, index) => (
            <li
              key={`${option.text} ${option.note ?? ''}`}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              onMouseDown={(event) => {
                event.preventDefault();
                take(option);
              }}
            >
              <code>{option.text}</code> {option.note && <span className="muted">{option.note}</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function found(value: string, cursor: number, completions: { text: string; replaces: number }[]): Option[] {
  return completions.map(({ text, replaces }) => ({ text, result: value.slice(0, cursor - replaces) + text + value.slice(cursor) }));
}

/** Plain words are no expression: what they could mean is offered, never guessed. */
export function guesses(value: string, problem: FilterProblem | undefined): Option[] {
  const words = value.trim();
  if (problem === undefined || words === '' || /["{}()=<>!]/.test(words) || traceIdIn(words)) return [];
  const text = quoted(words);
  return [
    [`service(${text})`, 'the service of this name'],
    [`http.url CONTAINS ${text}`, 'anywhere in the URL'],
    [`user = ${text}`, 'the user'],
  ].map(([result, note]) => ({ text: result!, result: result!, note }));
}
