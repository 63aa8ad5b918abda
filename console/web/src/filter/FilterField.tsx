// The filter of a page, as chips that can be changed one by one or as one expression; both are the same text.
import Button from '@cloudscape-design/components/button';
import { useEffect, useId, useState } from 'react';
import type { FilterProblem } from '../api/generated/FilterProblem';
import { useShortcuts } from '../ui/useShortcuts';
import { go, traceLink } from '../location/address';
import { prefer, usePreferences } from '../location/preference';
import { traceIdIn } from '../location/trace-id';
import { Builder } from './Builder';
import { ExpressionInput } from './ExpressionInput';
import './filter.css';

const EXAMPLES = 'service("checkout") { fault }   responsetime > 2   http.status = 500   annotation.tenant = "acme"';

interface FieldProps {
  /** The expression that is in force. */
  value: string;
  onRun: (expression: string) => void;
  /** Tells several fields of one page apart; the first of a page has none and takes the key. */
  name?: string;
}

export function FilterField({ value, onRun, name }: FieldProps) {
  const { filterMode } = usePreferences();
  const [text, setText] = useState(value);
  const [problem, setProblem] = useState<FilterProblem>();
  const [isRefused, setRefused] = useState(false);
  const id = useId();
  const isText = filterMode === 'expression';
  useEffect(() => setText(isText ? value : ''), [isText]);
  useEffect(() => {
    // In the builder the text is a condition that is still being written, perhaps since before this value was there.
    if (isText) setText(value);
  }, [value]);
  useEffect(() => setRefused(false), [text]);
  const flip = () => prefer({ filterMode: isText ? 'builder' : 'expression' });
  useShortcuts(name === undefined ? { e: flip } : {});

  /** A trace id is opened, wherever it is pasted. */
  const submit = (expression: string, run: (expression: string) => void) => {
    const pasted = traceIdIn(expression);
    if (pasted) go(traceLink(pasted));
    else run(expression);
  };
  const label = name === undefined ? 'Filter expression' : `Filter expression of ${name}`;
  const mode = (
    <button type="button" className="filter-mode" title="Builder or expression (e)" aria-pressed={isText} onClick={flip}>
      Expression
    </button>
  );
  return (
    <div className="filter-field">
      {isText ? (
        <div className={problem ? 'filter-box is-wrong' : 'filter-box'}>
          <ExpressionInput value={text} onChange={setText} onProblem={setProblem} noteId={`${id}-note`} label={label} placeholder={EXAMPLES} onSubmit={(typed) => submit(typed, onRun)} />
          {text !== '' && <Clear onClear={() => onRun('')} />}
          {mode}
        </div>
      ) : (
        <div className={problem ? 'filter-box is-wrong' : 'filter-box'}>
          <Builder
            value={value}
            onRun={onRun}
            text={text}
            onText={setText}
            onProblem={setProblem}
            onAdd={(typed, add) => (problem && !traceIdIn(typed) ? setRefused(true) : submit(typed, add))}
            noteId={`${id}-note`}
            label={label}
            placeholder={EXAMPLES}
          />
          {value !== '' && <Clear onClear={() => onRun('')} />}
          {mode}
        </div>
      )}
      {isText && (
        <Button variant="primary" onClick={() => submit(text.trim(), onRun)}>
          Run
        </Button>
      )}
      <p id={`${id}-note`} className={problem ? 'filter-note is-wrong' : 'filter-note'} role={isRefused ? 'alert' : 'status'}>
        {problem ? `${problem.message} (line ${problem.line}, position ${problem.position})` : ''}
      </p>
    </div>
  );
}

function Clear({ onClear }: { onClear: () => void }) {
  return (
    <button type="button" className="filter-clear" aria-label="Clear the filter" onClick={onClear}>
      ×
    </button>
  );
}
