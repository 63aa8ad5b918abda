// The rules in the order in which they are asked, each with what it did in the last minutes.
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import type { RuleEntry } from '../api/generated/RuleEntry';
import { awsCli } from '../api/operation';
import { copyText } from '../ui/Copy';
import { compactCount, share } from '../quantity';
import { createInput, DEFAULT, isSkippedBySdks, matchersOf } from './rule';
import { sumsOf, Trend } from './Trend';
import { useReorder } from './useReorder';

interface RuleTableProps {
  entries: RuleEntry[];
  /** The rule that the tester found, marked. */
  matched?: string;
  mayChange: boolean;
  onEdit: (name: string) => void;
  onClone: (name: string) => void;
  onDelete: (name: string) => void;
  onMove: (order: string[], moved: string) => void;
}

export function RuleTable({ entries, matched, mayChange, onEdit, onClone, onDelete, onMove }: RuleTableProps) {
  const own = entries.filter((entry) => !entry.isDefault).map((entry) => entry.rule.name);
  const { order, moving, said, handle, row } = useReorder(own, onMove);
  const byName = new Map(entries.map((entry) => [entry.rule.name, entry]));
  const shown = [...order, DEFAULT].flatMap((name) => byName.get(name) ?? []);
  return (
    <>
      <p className="visually-hidden" role="status">
        {said}
      </p>
      <div className="scrolls" tabIndex={0} role="region" aria-label="Sampling rules">
        <table className="grid rule-table">
          <thead>
            <tr>
              <th className="rule-handle">
                <span className="visually-hidden">Order</span>
              </th>
              <th className="number">Priority</th>
              <th>Rule</th>
              <th>Matches</th>
              <th className="number">Reservoir</th>
              <th className="number">Rate</th>
              <th className="number">Matched</th>
              <th className="number">Sampled</th>
              <th className="number">Borrowed</th>
              <th>Trend, 5 min</th>
              <th>
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((entry) => {
              const { rule } = entry;
              const sums = sumsOf(entry.trend);
              const classes = [moving === rule.name ? 'is-moving' : '', matched === rule.name ? 'is-matched' : ''].join(' ').trim();
              return (
                <tr key={rule.name} className={classes || undefined} {...(entry.isDefault ? {} : row(rule.name))}>
                  <td className="rule-handle">
                    {!entry.isDefault && mayChange && (
                      <button type="button" className="drag-handle" aria-label={`Move ${rule.name}`} title="Drag, or press Enter and the arrow keys" {...handle(rule.name)}>
                        <svg width="10" height="16" viewBox="0 0 10 16" aria-hidden="true">
                          <path d="M2.5 3h.01M7.5 3h.01M2.5 8h.01M7.5 8h.01M2.5 13h.01M7.5 13h.01" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" />
                        </svg>
                      </button>
                    )}
                  </td>
                  <td className="number">{entry.isDefault ? <span className="muted">last</span> : rule.priority}</td>
                  <td>
                    <button type="button" className="plain text-link rule-name" onClick={() => onEdit(rule.name)}>
                      {rule.name}
                    </button>
                    <RuleWarnings entry={entry} />
                  </td>
                  <td>
                    <Matchers entry={entry} />
                  </td>
                  <td className="number">{rule.reservoirSize}/s</td>
                  <td className="number">{share(rule.fixedRate)}</td>
                  <td className="number">{amount(sums.requests, entry)}</td>
                  <td className="number">{amount(sums.sampled, entry)}</td>
                  <td className="number">{amount(sums.borrowed, entry)}</td>
                  <td>
                    <Trend trend={entry.trend} />
                  </td>
                  <td className="row-actions">
                    <ButtonDropdown
                      variant="icon"
                      ariaLabel={`Actions on ${rule.name}`}
                      expandToViewport
                      items={[
                        { id: 'edit', text: 'Edit', disabled: !mayChange },
                        { id: 'clone', text: 'Clone', disabled: !mayChange },
                        { id: 'copy', text: 'Copy as aws cli' },
                        { id: 'delete', text: 'Delete', disabled: !mayChange || entry.isDefault, disabledReason: entry.isDefault ? 'X-Ray keeps the Default rule.' : undefined },
                      ]}
                      onItemClick={({ detail }) => {
                        if (detail.id === 'edit') onEdit(rule.name);
                        if (detail.id === 'clone') onClone(rule.name);
                        if (detail.id === 'delete') onDelete(rule.name);
                        if (detail.id === 'copy') void copyText(awsCli('CreateSamplingRule', createInput(rule)));
                      }}
                    />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

function amount(value: number, entry: RuleEntry): string {
  return entry.trend.length === 0 ? '–' : compactCount(value);
}

function Matchers({ entry }: { entry: RuleEntry }) {
  if (entry.isDefault) return <span className="muted">what no other rule takes</span>;
  const matchers = matchersOf(entry.rule);
  if (matchers.length === 0) return <span className="muted">every request</span>;
  return (
    <ul className="matchers">
      {matchers.map(({ label, pattern }) => (
        <li key={label}>
          {label && <span className="muted">{label} </span>}
          <code>{pattern === '' ? '(empty)' : pattern}</code>
        </li>
      ))}
    </ul>
  );
}

function RuleWarnings({ entry }: { entry: RuleEntry }) {
  const { rule, shadowedBy } = entry;
  return (
    <>
      {rule.boost && <span className="tag">boost to {share(rule.boost.maxRate)}</span>}
      {shadowedBy && (
        <p className="rule-warning">
          Never reached: <strong>{shadowedBy}</strong> covers it.
        </p>
      )}
      {isSkippedBySdks(rule) && <p className="muted small">X-Ray’s SDKs skip rules on a resource or on attributes; ADOT does not.</p>}
    </>
  );
}
