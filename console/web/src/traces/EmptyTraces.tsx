// No trace matches: finds out why, and offers the way out.
import Button from '@cloudscape-design/components/button';
import type { TraceList } from '../api/generated/TraceList';
import { useAddress } from '../location/address';
import { absolute, type Range } from '../location/range';
import { ago, plural } from '../quantity';

const AROUND_MS = 15 * 60_000;

interface EmptyProps {
  list: TraceList;
  filter: string;
  range: Range;
  onRun: (expression: string) => void;
}

/** Splits at `AND` outside of brackets and strings; whatever is unclear stays one term. */
export function termsOf(expression: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  let from = 0;
  let isString = false;
  for (let at = 0; at < expression.length; at += 1) {
    const character = expression[at]!;
    if (isString) {
      if (character === '\\') at += 1;
      else if (character === '"') isString = false;
    } else if (character === '"') isString = true;
    else if ('({['.includes(character)) depth += 1;
    else if (')}]'.includes(character)) depth -= 1;
    else if (depth === 0 && /^\sOR\s/i.test(expression.slice(at, at + 4))) return [expression];
    else if (depth === 0 && /^\sAND\s/i.test(expression.slice(at, at + 5))) {
      terms.push(expression.slice(from, at).trim());
      from = at + 5;
      at += 4;
    }
  }
  return [...terms, expression.slice(from).trim()].filter((term) => term !== '');
}

export function EmptyTraces({ list, filter, range, onRun }: EmptyProps) {
  const { change } = useAddress();
  const newest = list.newestReceived;
  if (filter !== '' && list.scanned > 0) {
    const terms = termsOf(filter);
    return (
      <div className="empty" role="status">
        <h2>No trace matches</h2>
        <p>{plural(list.scanned, 'trace')} of this range {list.scanned === 1 ? 'was' : 'were'} looked at, and none matches the filter.</p>
        {terms.length > 1 && (
          <ul className="empty-terms">
            {terms.map((term, index) => (
              <li key={index}>
                <Button onClick={() => onRun(terms.filter((_, other) => other !== index).join(' AND '))}>Drop</Button> <code>{term}</code>
              </li>
            ))}
          </ul>
        )}
        <Button onClick={() => onRun('')}>Show all traces</Button>
      </div>
    );
  }
  return (
    <div className="empty" role="status">
      <h2>No traces in this range</h2>
      {newest == null ? (
        <p>Nothing was received yet.</p>
      ) : (
        <>
          <p>The newest trace was received {ago(newest, Date.now())}.</p>
          {(range.kind === 'absolute' || list.scanned === 0) && (
            <Button onClick={() => change({ range: absolute(newest - AROUND_MS, newest + 60_000).text }, false)}>Jump to it</Button>
          )}
        </>
      )}
    </div>
  );
}
