// Two sets of traces side by side, and what differs between them.
import { useEffect, useRef, useState } from 'react';
import { serverNow } from '../api/live';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { useShortcuts } from '../ui/useShortcuts';
import { useTitle } from '../ui/useTabStatus';
import { ApiError } from '../api/client';
import { and } from '../filter/expression';
import { useAddress, useRange } from '../location/address';
import { absolute } from '../location/range';
import { Charts } from './Charts';
import { Differences } from './Differences';
import { opposite } from './field';
import { useCompare } from './queries';
import { SetHeads } from './SetHeads';
import { SetTraces } from './SetTraces';
import './analytics.css';

export default function AnalyticsPage() {
  useTitle('Analytics');
  const range = useRange();
  const { params, change } = useAddress();
  // Old links, AWS's among them, name one filter.
  const a = params.get('a') ?? params.get('filter') ?? '';
  const b = params.get('b') ?? '';
  const [frozenAt, setFrozenAt] = useState(() => serverNow());
  const renew = () => setFrozenAt(serverNow());
  useEffect(renew, [range.text]);
  const compare = useCompare(range, a === '' ? 'fault' : a, b, frozenAt);
  const set = (next: { a?: string; b?: string }) => change({ filter: undefined, a: next.a ?? (a === '' ? 'fault' : a), b: next.b ?? b }, false);
  const kept = useRef(compare.data);
  if (compare.data) kept.current = compare.data;
  const data = kept.current;
  const shownA = a === '' ? 'fault' : a;
  const swap = () => data && set({ a: data.b.filter, b: data.a.filter });
  useShortcuts({ r: renew, x: () => void swap() });
  const isBadFilter = compare.error instanceof ApiError && compare.error.filter !== undefined;
  return (
    <div className="page analytics">
      <h1 className="visually-hidden">Analytics</h1>
      <SetHeads a={shownA} b={b} compare={data} range={range} frozenAt={frozenAt} onSet={set} onSwap={swap} onRenew={renew} />
      {compare.error &&
        (isBadFilter ? (
          <p className="filter-note is-wrong" role="alert">
            {compare.error.message}
          </p>
        ) : (
          <Failure error={compare.error} retry={() => void compare.refetch()} stale={data ? 'the question before' : undefined} />
        ))}
      {!data && compare.isPending && <Loading label="Comparing" />}
      {data && (
        <div className={compare.isPlaceholderData || compare.error ? 'is-old' : undefined}>
          <Charts
            compare={data}
            onTime={(term) => set({ a: and(shownA, term) })}
            onRange={(from, to) => change({ range: absolute(from, to).text }, false)}
          />
          <Differences compare={data} onFilter={(term) => set({ a: and(shownA, term) })} onExclude={(term) => set({ a: and(shownA, opposite(term)) })} onDeploy={(next, old) => set({ a: next, b: old })} />
          <SetTraces compare={data} range={range} frozenAt={frozenAt} onFilter={(term) => set({ a: and(shownA, term) })} />
        </div>
      )}
    </div>
  );
}
