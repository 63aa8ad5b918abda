// The two sets: the filter of each, how many traces it has, and how complete the comparison is.
import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { curlFor } from '../api/client';
import type { Compare } from '../api/generated/Compare';
import type { CompareSet } from '../api/generated/CompareSet';
import { Copy } from '../ui/Copy';
import { lastingLink } from '../shell/useActions';
import { FilterField } from '../filter/FilterField';
import { boundsOf, type Range } from '../location/range';
import { OutcomeBar } from '../outcome/OutcomeBar';
import { countsOf } from '../outcome/outcome';
import { count, duration, instant, plural, shareOf } from '../quantity';
import { Views } from '../views/Views';

interface HeadsProps {
  a: string;
  /** Empty for everything that is not in A. */
  b: string;
  compare: Compare | undefined;
  range: Range;
  frozenAt: number;
  onSet: (sets: { a?: string; b?: string }) => void;
  onSwap: () => void;
  onRenew: () => void;
}

export function SetHeads({ a, b, compare, range, frozenAt, onSet, onSwap, onRenew }: HeadsProps) {
  const [isEditing, setEditing] = useState(false);
  const total = compare ? compare.a.traces + compare.b.traces : 0;
  return (
    <header className="sets">
      <div className="set">
        <span className="set-name set-a">A</span>
        <FilterField value={a} onRun={(expression) => onSet({ a: expression })} />
        <Figures set={compare?.a} total={total} />
      </div>
      <div className="set">
        <span className="set-name set-b">B</span>
        {b === '' && !isEditing ? (
          <p className="set-rest">
            everything that is not in A{' '}
            <button type="button" className="text-link plain" onClick={() => { setEditing(true); if (compare) onSet({ b: compare.b.filter }); }}>
              Choose another set
            </button>
          </p>
        ) : (
          <FilterField name="B" value={b} onRun={(expression) => { setEditing(false); onSet({ b: expression }); }} />
        )}
        <Figures set={compare?.b} total={total} />
      </div>
      <p className="sets-base">
        {compare && <Base compare={compare} hasOwnB={b !== ''} />}
        <span className="sets-actions">
          <Button iconName="refresh" onClick={onRenew} ariaLabel="Compare again" />
          <Button onClick={onSwap}>Swap A and B</Button>
          <Views page="/analytics" />
          <Copy text={lastingLink(range)} what="a link that lasts" label="Link" />
          <Copy text={curlFor('/api/compare', { ...boundsOf(range, frozenAt), a, b: b === '' ? undefined : b })} what="this question as a command" label="curl" />
        </span>
      </p>
    </header>
  );
}

function Base({ compare, hasOwnB }: { compare: Compare; hasOwnB: boolean }) {
  const looked = compare.a.traces + compare.b.traces;
  if (!compare.complete && compare.reached != null) {
    return (
      <span role="status">
        <strong>Not everything:</strong> the newest {plural(compare.scanned, 'trace')}, those that began since {instant(compare.reached)}. Older ones of the range were left out; what is counted is exact.
      </span>
    );
  }
  return (
    <span role="status">
      {hasOwnB ? <>All traces of the range were looked at; {count(looked)} are in the sets.</> : <>All {plural(looked, 'trace')} of the range, not a sample.</>}
    </span>
  );
}

function Figures({ set, total }: { set: CompareSet | undefined; total: number }) {
  if (set === undefined) return <p className="set-figures" />;
  return (
    <div className="set-figures">
      <strong>{plural(set.traces, 'trace')}</strong> <span className="muted">{shareOf(set.traces, total)}</span>
      <span className="muted">
        p50 {duration(set.p50)} · p99 {duration(set.p99)}
      </span>
      <OutcomeBar counts={countsOf(set)} />
    </div>
  );
}
