// The text field of a filter expression; the server parses, and its error is underlined where it stands.
import Button from '@cloudscape-design/components/button';
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import type { FilterProblem } from '../api/generated/FilterProblem';
import { useFilterParse } from '../api/queries';

const PARSE_AFTER_MS = 250;

interface FieldProps {
  /** The expression that is in force. */
  value: string;
  onRun: (expression: string) => void;
}

export function FilterField({ value, onRun }: FieldProps) {
  const [text, setText] = useState(value);
  const settled = useSettled(text);
  const id = useId();
  useEffect(() => setText(value), [value]);
  const parse = useFilterParse(settled);
  const problem = text.trim() !== '' && settled === text ? (parse.data?.error ?? undefined) : undefined;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    onRun(text.trim());
  };
  return (
    <div className="filter-field">
      <div className={problem ? 'filter-box is-wrong' : 'filter-box'}>
        <Underlined text={text} problem={problem} />
        <textarea
          rows={1}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          value={text}
          aria-label="Filter expression"
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-note`}
          placeholder={'service("checkout") { fault }   responsetime > 2   http.status = 500   annotation.tenant = "acme"'}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          ref={growing}
        />
        {text !== '' && (
          <button
            type="button"
            className="filter-clear"
            aria-label="Clear the filter"
            onClick={() => {
              setText('');
              onRun('');
            }}
          >
            ×
          </button>
        )}
      </div>
      <Button variant="primary" onClick={() => onRun(text.trim())}>
        Run
      </Button>
      <p id={`${id}-note`} className={problem ? 'filter-note is-wrong' : 'filter-note'} role="status">
        {problem ? `${problem.message} (line ${problem.line}, position ${problem.position})` : ''}
      </p>
    </div>
  );
}

/** As tall as its text. */
function growing(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = 'auto';
  field.style.height = `${Math.min(160, field.scrollHeight)}px`;
}

/** The same text behind the field, invisible but for the line under what is wrong. */
function Underlined({ text, problem }: { text: string; problem?: FilterProblem }) {
  if (problem === undefined) return null;
  const [start, end] = wrongPart(text, problem);
  return (
    <div className="filter-mirror" aria-hidden="true">
      {text.slice(0, start)}
      <span className="filter-wrong">{text.slice(start, end) || '\u00a0'}</span>
      {text.slice(end)}
    </div>
  );
}

/** Positions count from zero, as X-Ray's do: from there to the end of the word that stands there. */
export function wrongPart(text: string, problem: FilterProblem): [number, number] {
  const lines = text.split('\n');
  const before = lines.slice(0, problem.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const start = Math.min(text.length, before + Math.max(0, problem.position));
  const word = /^(?:"[^"]*"?|[\w.]+|\S)/.exec(text.slice(start));
  return [start, start + (word?.[0].length ?? 1)];
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  const timer = useRef<number>(undefined);
  useEffect(() => {
    timer.current = window.setTimeout(() => setSettled(text), PARSE_AFTER_MS);
    return () => window.clearTimeout(timer.current);
  }, [text]);
  return settled;
}
