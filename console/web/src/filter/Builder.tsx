// A filter as chips: each can be changed or taken away, and a new one is written after them.
import { useState } from 'react';
import type { FilterProblem } from '../api/generated/FilterProblem';
import { useFilterParse } from '../api/queries';
import { ExpressionInput } from './ExpressionInput';
import { printed, tokensOf, type Token, type Tokens } from './tokens';

interface BuilderProps {
  value: string;
  onRun: (expression: string) => void;
  /** What is being added. */
  text: string;
  onText: (text: string) => void;
  onProblem: (problem: FilterProblem | undefined) => void;
  onAdd: (typed: string, add: (typed: string) => void) => void;
  noteId: string;
  label: string;
  placeholder: string;
}

export function Builder({ value, onRun, text, onText, onProblem, onAdd, noteId, label, placeholder }: BuilderProps) {
  const parse = useFilterParse(value);
  const [editing, setEditing] = useState<number>();
  const isBroken = value.trim() !== '' && parse.data?.error != null && !parse.isPlaceholderData;
  // Until the server has answered, and where it does not understand, the whole text is one chip.
  const isKnown = value.trim() === '' || (parse.data?.tree != null && !parse.isPlaceholderData);
  const whole: Tokens = { join: 'and', tokens: [{ text: value, kind: 'expression', parts: [] }] };
  const shown = value.trim() === '' ? tokensOf(undefined) : isKnown ? tokensOf(parse.data?.tree) : whole;
  const replace = (place: number, replacement: string | undefined) => {
    const tokens = shown.tokens.flatMap((token, index): Token[] =>
      index !== place ? [token] : replacement === undefined || replacement === '' ? [] : [{ text: replacement, kind: 'expression', parts: [] }],
    );
    setEditing(undefined);
    onRun(printed({ ...shown, tokens }));
  };
  const add = (typed: string) => {
    if (typed === '') return;
    onText('');
    onRun(printed({ ...shown, tokens: [...shown.tokens, { text: typed, kind: shown.tokens.length === 0 ? 'condition' : 'expression', parts: [] }] }));
  };
  return (
    <div className="builder">
      {shown.tokens.map((token, index) => (
        <span className="builder-part" key={`${index} ${token.text}`}>
          {index > 0 && <Join join={shown.join} onFlip={() => onRun(printed({ ...shown, join: shown.join === 'and' ? 'or' : 'and' }))} />}
          {editing === index ? (
            <Edit token={token} onDone={(next) => replace(index, next)} onLeave={() => setEditing(undefined)} />
          ) : (
            <Chip token={token} isWrong={isBroken} onEdit={() => setEditing(index)} onRemove={() => replace(index, undefined)} />
          )}
        </span>
      ))}
      {editing === undefined && (
        <div className="builder-new">
          <ExpressionInput
            value={text}
            onChange={onText}
            onProblem={onProblem}
            noteId={noteId}
            label={label}
            placeholder={shown.tokens.length === 0 ? placeholder : 'Add a condition'}
            onSubmit={(typed) => onAdd(typed, add)}
          />
        </div>
      )}
    </div>
  );
}

function Join({ join, onFlip }: { join: 'and' | 'or'; onFlip: () => void }) {
  return (
    <button type="button" className="builder-join" title={join === 'and' ? 'All of them; press for any of them' : 'Any of them; press for all of them'} onClick={onFlip}>
      {join}
    </button>
  );
}

interface ChipProps {
  token: Token;
  isWrong: boolean;
  onEdit: () => void;
  onRemove: () => void;
}

function Chip({ token, isWrong, onEdit, onRemove }: ChipProps) {
  const name = { condition: '', group: 'group', expression: 'expression' }[token.kind];
  return (
    <span className={isWrong ? 'chip is-wrong' : `chip chip-${token.kind}`}>
      <button type="button" className="chip-text" title={`Change ${token.text}`} onClick={onEdit}>
        {name !== '' && <span className="chip-kind">{name}</span>}
        <code>{token.text}</code>
      </button>
      <button type="button" className="chip-remove" aria-label={`Remove ${token.text}`} onClick={onRemove}>
        ×
      </button>
    </span>
  );
}

function Edit({ token, onDone, onLeave }: { token: Token; onDone: (text: string) => void; onLeave: () => void }) {
  const [text, setText] = useState(token.text);
  const [problem, setProblem] = useState<FilterProblem>();
  return (
    <span className="chip-edit">
      <ExpressionInput isFocused value={text} onChange={setText} onProblem={setProblem} label="This condition" onEscape={onLeave} onSubmit={(typed) => !problem && onDone(typed)} />
    </span>
  );
}
