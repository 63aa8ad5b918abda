// The newest traces of either set, and the way to all of them.
import { useState } from 'react';
import { Link } from 'wouter';
import type { Compare } from '../api/generated/Compare';
import { Loading } from '../ui/Loading';
import { TabRow } from '../ui/TabRow';
import { linkTo } from '../location/address';
import type { Range } from '../location/range';
import { count } from '../quantity';
import { TraceTable } from '../traces/TraceTable';
import { useNewest } from './queries';
import '../traces/traces.css';

interface SetTracesProps {
  compare: Compare;
  range: Range;
  frozenAt: number;
  onFilter: (term: string) => void;
}

export function SetTraces({ compare, range, frozenAt, onFilter }: SetTracesProps) {
  const [side, setSide] = useState<'a' | 'b'>('a');
  const { filter, traces } = compare[side];
  const newest = useNewest(range, filter, frozenAt);
  const content = (
    <>
      {newest.data ? <TraceTable rows={newest.data.traces} onFilter={onFilter} /> : <Loading label="Looking for traces" />}
      <p className="traces-more">
        <Link className="text-link" href={linkTo('/traces', { filter })}>
          All {count(traces)} traces of {side.toUpperCase()}
        </Link>
      </p>
    </>
  );
  return (
    <section className="set-traces" aria-label="Traces of the sets">
      <TabRow
        label="Traces"
        active={side}
        onChange={(id) => setSide(id as 'a' | 'b')}
        tabs={(['a', 'b'] as const).map((id) => ({
          id,
          label: `Traces in ${id.toUpperCase()}`,
          count: compare[id].traces,
          emptyReason: compare[id].traces === 0 ? 'This set is empty.' : undefined,
          content,
        }))}
      />
    </section>
  );
}
