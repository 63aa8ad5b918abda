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

export function EmptyTraces({ list, filter, range, onRun }: EmptyProps) {
  const { change } = useAddress();
  const newest = list.newestReceived;
  if (filter !== '' && list.scanned > 0) {
    return (
      <div className="empty" role="status">
        <h2>No trace matches</h2>
        <p>{plural(list.scanned, 'trace')} of this range {list.scanned === 1 ? 'was' : 'were'} looked at, and none matches the filter.</p>
        {list.without.length > 1 && (
          <ul className="empty-terms">
            {list.without.map(({ term, rest, matched }) => (
              <li key={term}>
                <Button onClick={() => onRun(rest)} ariaLabel={`Drop ${term}`}>
                  Drop
                </Button>{' '}
                <code>{term}</code> <span className="muted">{matched === 0 ? 'still none without it' : `${plural(matched, 'trace')} without it`}</span>
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
