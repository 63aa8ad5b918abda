// Exceptions behind a node's failing requests, most frequent first, each with a trace that shows it.
import Button from '@cloudscape-design/components/button';
import type { ExceptionGroup } from '../api/generated/ExceptionGroup';
import type { NowEntry } from '../api/generated/NowEntry';
import type { NodeDetail } from '../api/generated/NodeDetail';
import { go, linkTo, traceLink } from '../location/address';
import { and } from '../filter/expression';
import type { Range } from '../location/range';
import { culprit } from '../issue/issue';
import { count, instant } from '../quantity';
import { Differs } from './Differs';

interface WhyProps {
  detail: NodeDetail;
  /** Of the whole map: some of them are this node's, and some explain its failures. */
  entries: readonly NowEntry[];
  range: Range;
  group?: string;
  onSelect: (id: string) => void;
}

export function Why({ detail, entries, range, group, onSelect }: WhyProps) {
  const causes = entries.filter((entry) => entry.what === 'failing' && entry.affected.includes(detail.node.id));
  const own = entries.find((entry) => entry.what === 'failing' && entry.nodeId === detail.node.id);
  return (
    <>
      {causes.map((entry) => (
        <Cause key={entry.id} entry={entry} onSelect={onSelect} />
      ))}
      <Groups detail={detail} own={own} isExplained={causes.length > 0} />
      {detail.node.stats.fault > 0 && <Differs selectors={detail.selectors} range={range} group={group} />}
    </>
  );
}

/** The node fails only because of another one. */
function Cause({ entry, onSelect }: { entry: NowEntry; onSelect: (id: string) => void }) {
  return (
    <div className="why-cause">
      <p>
        Fails because <strong>{culprit(entry)}</strong> fails
        {entry.exception?.name && (
          <>
            : <span className="mono">{entry.exception.name}</span>
          </>
        )}
      </p>
      <div className="why-actions">
        <Button variant="primary" onClick={() => onSelect(entry.nodeId)}>
          Root cause
        </Button>
        {entry.example && <Button onClick={() => go(traceLink(entry.example!))}>Example trace</Button>}
      </div>
    </div>
  );
}

function Groups({ detail, own, isExplained }: { detail: NodeDetail; own?: NowEntry; isExplained: boolean }) {
  const { exceptions, node } = detail;
  const failing = node.stats.fault + node.stats.error + node.stats.throttle;
  if (exceptions.length === 0 && own !== undefined && own.exceptions.length > 0) return <SeenByOthers own={own} filter={detail.filter} />;
  if (exceptions.length === 0 && isExplained) return null;
  if (exceptions.length === 0) {
    return (
      <p className="panel-note">
        {failing === 0
          ? 'No request to this node failed in this range.'
          : 'Requests failed, but no exception was recorded with them. The traces show the status that was answered.'}
      </p>
    );
  }
  return (
    <ul className="why">
      {exceptions.map((group) => (
        <Group key={`${group.name}\n${group.message}`} group={group} filter={detail.filter} />
      ))}
    </ul>
  );
}

/** The node itself recorded nothing, and its callers did. */
function SeenByOthers({ own, filter }: { own: NowEntry; filter: string }) {
  return (
    <ul className="why">
      {own.exceptions.map((exception) => (
        <li key={`${exception.name}`} className="why-group">
          <span className="why-count">{count(exception.count)}</span>
          <div>
            <strong className="mono">{exception.name ?? 'Failure without an exception'}</strong>
            {exception.message && <p className="why-message">{exception.message}</p>}
            {own.witness && <p className="muted">seen by {own.witness}</p>}
            <div className="why-actions">
              {own.example && (
                <Button variant="primary" onClick={() => go(traceLink(own.example!))}>
                  Example trace
                </Button>
              )}
              <Button onClick={() => go(linkTo('/traces', { filter: own.filter || filter }))}>Failing traces</Button>
            </div>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Group({ group, filter }: { group: ExceptionGroup; filter: string }) {
  return (
    <li className="why-group">
      <span className="why-count">{count(group.count)}</span>
      <div>
        <strong className="mono">{group.name ?? 'Failure without an exception'}</strong>
        {group.message && <p className="why-message">{group.message}</p>}
        <p className="muted">
          first {instant(group.firstSeen)}, last {instant(group.lastSeen)}
        </p>
        <div className="why-actions">
          <Button variant="primary" onClick={() => go(traceLink(group.example))}>
            Example trace
          </Button>
          <Button onClick={() => go(linkTo('/traces', { filter: and(filter, 'fault') }))}>Failing traces</Button>
        </div>
      </div>
    </li>
  );
}
