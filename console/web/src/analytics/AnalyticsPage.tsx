// Two sets of traces side by side, and what differs between them.
import { useEffect, useRef, useState } from 'react';
import { serverNow } from '../api/live';
import { Blank } from '../ui/Blank';
import { Failure } from '../ui/Failure';
import { Listed } from '../ui/Listed';
import { Loading } from '../ui/Loading';
import { TabRow } from '../ui/TabRow';
import { useShortcuts } from '../ui/useShortcuts';
import { useTitle } from '../ui/useTabStatus';
import { ApiError } from '../api/client';
import { and } from '../filter/expression';
import { useAddress, useRange } from '../location/address';
import { absolute, type Range } from '../location/range';
import { Charts } from './Charts';
import { Differences } from './Differences';
import { opposite } from './field';
import { Measures } from './Measures';
import { MergedTree } from '../tree/MergedTree';
import { useTree, type Against } from '../tree/queries';
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
  const view = params.get('view') === 'tree' ? 'tree' : 'fields';
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
      {data && data.a.traces + data.b.traces === 0 && <Blank title="No traces in this time">There is nothing to compare. Choose a longer range, above.</Blank>}
      {data && data.a.traces + data.b.traces > 0 && (
        <div className={compare.isPlaceholderData || compare.error ? 'is-old' : undefined}>
          <TabRow
            label="How the sets are told"
            active={view}
            onChange={(id) => change({ view: id === 'tree' ? 'tree' : undefined }, false)}
            tabs={[
              {
                id: 'fields',
                label: 'What differs',
                content: (
                  <>
                    <Charts
                      compare={data}
                      onTime={(term) => set({ a: and(shownA, term) })}
                      onRange={(from, to) => change({ range: absolute(from, to).text }, false)}
                    />
                    <Differences compare={data} onFilter={(term) => set({ a: and(shownA, term) })} onExclude={(term) => set({ a: and(shownA, opposite(term)) })} onDeploy={(next, old) => set({ a: next, b: old })} />
                    <Measures compare={data} onFilter={(term) => set({ a: and(shownA, term) })} onExclude={(term) => set({ a: and(shownA, opposite(term)) })} />
                  </>
                ),
              },
              { id: 'tree', label: 'Call tree', content: <TreeOfSets range={range} a={shownA} b={b} frozenAt={frozenAt} /> },
            ]}
          />
          <SetTraces compare={data} range={range} frozenAt={frozenAt} onFilter={(term) => set({ a: and(shownA, term) })} />
        </div>
      )}
    </div>
  );
}

interface TreeOfSetsProps {
  range: Range;
  a: string;
  b: string;
  frozenAt: number;
}

function TreeOfSets({ range, a, b, frozenAt }: TreeOfSetsProps) {
  const { params, change } = useAddress();
  const isAlone = params.get('alone') === '1';
  const isPatient = params.get('patient') === '1';
  const against: Against = isAlone ? 'nothing' : b === '' ? 'rest' : { filter: b };
  const tree = useTree(range, a, against, frozenAt, isPatient);
  return (
    <Listed asked={tree} label="the call tree">
      {(data) => (
        <div className={tree.isPlaceholderData ? 'is-old' : undefined}>
          <label className="tree-alone">
            <input type="checkbox" checked={isAlone} onChange={(event) => change({ alone: event.target.checked ? '1' : undefined })} /> A alone: where its errors and its time arise
          </label>
          <MergedTree tree={data} isPatient={isPatient} onPatience={() => change({ patient: '1' })} />
        </div>
      )}
    </Listed>
  );
}
