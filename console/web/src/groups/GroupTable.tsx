// The groups, each with what its filter matches now.
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import { Link } from 'wouter';
import type { GroupEntry } from '../api/generated/GroupEntry';
import { Copy, copyText } from '../ui/Copy';
import { awsCli } from '../api/operation';
import { linkTo, useRange } from '../location/address';
import { count, instant } from '../quantity';
import { formOf, groupInput, useMatches } from './queries';

interface GroupTableProps {
  entries: GroupEntry[];
  mayChange: boolean;
  onEdit: (name: string) => void;
  onClone: (name: string) => void;
  onDelete: (name: string) => void;
}

export function GroupTable({ entries, mayChange, onEdit, onClone, onDelete }: GroupTableProps) {
  return (
    <div className="scrolls" tabIndex={0} role="region" aria-label="Groups">
      <table className="grid group-table">
        <thead>
          <tr>
            <th>Group</th>
            <th>Filter</th>
            <th className="number">Matches now</th>
            <th>Insights</th>
            <th>Notifications</th>
            <th>Tags</th>
            <th>
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => {
            const isDefault = entry.filter == null;
            const group = isDefault ? undefined : entry.name;
            return (
              <tr key={entry.arn}>
                <td>
                  <button type="button" className="plain text-link rule-name" onClick={() => onEdit(entry.name)}>
                    {entry.name}
                  </button>
                  <Copy text={entry.arn} what={`ARN of ${entry.name}`} />
                </td>
                <td>
                  {isDefault ? <span className="muted">every trace</span> : <code className="wraps">{entry.filter}</code>}
                  {entry.isExcluded && <p className="rule-warning">It takes no traces: its filter names a group that is gone, or cannot be read.</p>}
                  {entry.filterChanged != null && <p className="muted small">counted by this filter since {instant(entry.filterChanged)}</p>}
                </td>
                <td className="number">
                  <Matches filter={entry.filter ?? ''} />
                </td>
                <td>{entry.insightsEnabled ? 'on' : <span className="muted">off</span>}</td>
                <td>{entry.notificationsEnabled ? 'on' : <span className="muted">off</span>}</td>
                <td>
                  {Object.entries(entry.tags).map(([key, value]) => (
                    <span key={key} className="tag">
                      {key}: {value}
                    </span>
                  ))}
                </td>
                <td className="row-actions">
                  <Link className="text-link" href={linkTo('/', { group })} aria-label={`Map of ${entry.name}`}>
                    Map
                  </Link>
                  <Link className="text-link" href={linkTo('/traces', { group })} aria-label={`Traces of ${entry.name}`}>
                    Traces
                  </Link>
                  <ButtonDropdown
                    variant="icon"
                    ariaLabel={`Actions on ${entry.name}`}
                    expandToViewport
                    items={[
                      { id: 'edit', text: 'Edit', disabled: !mayChange },
                      { id: 'clone', text: 'Clone', disabled: !mayChange || isDefault },
                      { id: 'copy', text: 'Copy as aws cli' },
                      { id: 'delete', text: 'Delete', disabled: !mayChange || isDefault, disabledReason: isDefault ? 'The Default group stays.' : undefined },
                    ]}
                    onItemClick={({ detail }) => {
                      if (detail.id === 'edit') onEdit(entry.name);
                      if (detail.id === 'clone') onClone(entry.name);
                      if (detail.id === 'delete') onDelete(entry.name);
                      if (detail.id === 'copy') void copyText(isDefault ? awsCli('GetGroup', { GroupName: entry.name }) : awsCli('CreateGroup', groupInput(formOf(entry), true)));
                    }}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Matches({ filter }: { filter: string }) {
  const matches = useMatches(useRange(), filter, 1);
  if (matches.data === undefined) return <span className="muted">{matches.error ? 'unknown' : '…'}</span>;
  return <span title={`of ${count(matches.data.scanned)} traces in the range`}>{`${count(matches.data.matched)}${matches.data.complete ? '' : '+'}`}</span>;
}
