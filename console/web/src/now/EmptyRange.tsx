// Nothing in this range: says why, how old the newest data is, and leads there.
import Button from '@cloudscape-design/components/button';
import { useStatus } from '../api/queries';
import { useAddress } from '../location/address';
import { absolute, type Range } from '../location/range';
import { ago } from '../quantity';

const AROUND_MS = 15 * 60_000;

export function EmptyRange({ range, group }: { range: Range; group?: string }) {
  const { change } = useAddress();
  const newest = useStatus().data?.newestReceived;
  return (
    <div className="empty" role="status">
      <h2>{group ? `Group ${group} has no requests in this range` : 'No requests in this range'}</h2>
      {group && (
        <>
          <p>A group counts what matches its filter from the moment it is made; older requests are in “All traces”.</p>
          <Button onClick={() => change({ group: undefined }, false)}>Show all traces</Button>
        </>
      )}
      {newest == null ? (
        <p>Nothing was recorded {range.kind === 'relative' ? 'lately' : 'then'}.</p>
      ) : (
        <>
          <p>The newest trace was received {ago(newest, Date.now())}.</p>
          <Button onClick={() => change({ range: absolute(newest - AROUND_MS, newest + 60_000).text, sel: undefined }, false)}>
            Jump to it
          </Button>
        </>
      )}
    </div>
  );
}
