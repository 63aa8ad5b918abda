// The line above the list: how much matched and was looked at, what is new, and what can be done with the list.
import Button from '@cloudscape-design/components/button';
import type { TraceList } from '../api/generated/TraceList';
import type { TraceRow } from '../api/generated/TraceRow';
import { go, traceLink } from '../location/address';
import { boundsOf } from '../location/range';
import { count, instant, plural } from '../quantity';
import { ColumnMenu } from './ColumnMenu';
import { useNewer, type TraceQuestion } from './queries';
import { ShareMenu } from './ShareMenu';

const FIRST_SCAN = 100_000;
const MORE = 5;
/** The server looks at no more for one answer. */
const MOST = 5_000_000;

interface ListBarProps {
  list: TraceList;
  rows: TraceRow[];
  ticked: ReadonlySet<string>;
  question: TraceQuestion;
  frozenAt: number;
  isCurrent: boolean;
  onRenew: () => void;
  onScan: (traces: number) => void;
}

export function ListBar({ list, rows, ticked, question, frozenAt, isCurrent, onRenew, onScan }: ListBarProps) {
  const newer = useNewer(question, frozenAt).data?.matched ?? 0;
  const { from, to } = boundsOf(question.range, frozenAt);
  const looked = list.complete ? 1 : Math.max(0, Math.min(1, (to - (list.reached ?? to)) / (to - from)));
  const next = Math.min(MOST, (question.scan ?? FIRST_SCAN) * MORE);
  const chosen = rows.filter((row) => ticked.has(row.id));
  const [one, other] = chosen;
  return (
    <div className="traces-progress">
      <span role="status">
        <strong>{count(list.matched)} matched</strong> · {count(list.scanned)} scanned · {list.complete ? 'complete' : `newest first, back to ${instant(list.reached ?? from)}`}
        {list.undecided ? ` · ${count(list.undecided)} with more annotations than are searched` : ''}
      </span>
      <span className="scan-track" aria-hidden="true">
        <span style={{ width: `${looked * 100}%` }} />
      </span>
      {!list.complete && (question.scan ?? FIRST_SCAN) < MOST && <Button onClick={() => onScan(next)}>Look further back</Button>}
      {isCurrent && newer > 0 && (
        <button type="button" className="pill" onClick={onRenew}>
          {plural(newer, 'new trace')}
        </button>
      )}
      <span className="list-actions">
        {chosen.length === 2 && <Button onClick={() => go(traceLink(one!.id, { with: other!.id }))}>Compare (2)</Button>}
        {chosen.length === 1 && <span className="muted small">Tick another to compare</span>}
        <ColumnMenu />
        <ShareMenu matched={list.complete ? `All ${count(list.matched)}` : 'All'} rows={chosen.length > 0 ? chosen : rows} isTicked={chosen.length > 0} question={question} frozenAt={frozenAt} />
      </span>
    </div>
  );
}
