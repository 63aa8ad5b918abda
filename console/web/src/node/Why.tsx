// Exceptions behind a node's failing requests, most frequent first, each with a trace that shows it.
import Button from '@cloudscape-design/components/button';
import type { ExceptionGroup } from '../api/generated/ExceptionGroup';
import type { Issue } from '../api/generated/Issue';
import type { NodeDetail } from '../api/generated/NodeDetail';
import { go, linkTo, traceLink } from '../location/address';
import { and } from '../filter/expression';
import type { Range } from '../location/range';
import { culprit } from '../issue/issue';
import { count, instant } from '../quantity';
import { Differs } from './Differs';

interface WhyProps {
  detail: NodeDetail;
  /** Of the whole map: some of them may explain this node's failures. */
  issues: Issue[];
  range: Range;
  group?: string;
  onSelect: (id: string) => void;
}

export function Why({ detail, issues, range, group, onSelect }: WhyProps) {
  const causes = issues.filter((issue) => issue.affected.includes(detail.node.id));
  return (
    <>
      {causes.map((issue) => (
        <Cause key={issue.id} issue={issue} onSelect={onSelect} />
      ))}
      <Groups detail={detail} isExplained={causes.length > 0} />
      {detail.node.stats.fault > 0 && <Differs filter={detail.filter} range={range} group={group} />}
    </>
  );
}

/** The node fails only because of another one. */
function Cause({ issue, onSelect }: { issue: Issue; onSelect: (id: string) => void }) {
  return (
    <div className="why-cause">
      <p>
        Fails because <strong>{culprit(issue)}</strong> fails
        {issue.exceptionName && (
          <>
            : <span className="mono">{issue.exceptionName}</span>
          </>
        )}
      </p>
      <div className="why-actions">
        <Button variant="primary" onClick={() => onSelect(issue.nodeId)}>
          Root cause
        </Button>
        <Button onClick={() => go(traceLink(issue.example))}>Example trace</Button>
      </div>
    </div>
  );
}

function Groups({ detail, isExplained }: { detail: NodeDetail; isExplained: boolean }) {
  const { exceptions, node } = detail;
  const failing = node.stats.fault + node.stats.error + node.stats.throttle;
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
