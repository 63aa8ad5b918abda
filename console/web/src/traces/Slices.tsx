// Matching traces grouped by one property; a click on a value narrows the filter to it.
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import { useState } from 'react';
import type { Slice } from '../api/generated/Slice';
import type { TraceList } from '../api/generated/TraceList';
import { OutcomeBar } from '../outcome/OutcomeBar';
import { countsOf } from '../outcome/outcome';
import { count, duration, share } from '../quantity';

const BY: [string, string][] = [
  ['url', 'URL'],
  ['status', 'Status'],
  ['method', 'Method'],
  ['user', 'User'],
  ['service', 'Service'],
  ['rootcause', 'Root cause'],
];
const SHOWN = 6;

interface SlicesProps {
  list: TraceList;
  by: string;
  onBy: (by: string) => void;
  onNarrow: (filter: string) => void;
}

export function Slices({ list, by, onBy, onNarrow }: SlicesProps) {
  const [isOpen, setOpen] = useState(false);
  const rows = isOpen ? list.slices : list.slices.slice(0, SHOWN);
  const hidden = list.slices.length - rows.length;
  return (
    <section className="slices" aria-label="Groups">
      <div className="slices-head">
        <span className="muted">Group by</span>
        <SegmentedControl
          label="Group by"
          selectedId={BY.some(([id]) => id === by) ? by : null}
          options={BY.map(([id, text]) => ({ id, text }))}
          onChange={({ detail }) => onBy(detail.selectedId)}
        />
      </div>
      {list.slices.length > 0 && (
        <table className="grid">
          <thead>
            <tr>
              <th scope="col">{BY.find(([id]) => id === by)?.[1] ?? by}</th>
              <th scope="col" className="number">Traces</th>
              <th scope="col" className="number">Share</th>
              <th scope="col" className="number">Average</th>
              <th scope="col" className="number">p99</th>
              <th scope="col" className="slices-outcome">Outcomes</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((slice) => (
              <Row key={slice.value ?? ''} slice={slice} onNarrow={onNarrow} />
            ))}
          </tbody>
        </table>
      )}
      {(hidden > 0 || isOpen) && list.slices.length > SHOWN && (
        <button type="button" className="text-link plain" onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
          {isOpen ? 'Show fewer' : `Show ${hidden} more`}
        </button>
      )}
    </section>
  );
}

function Row({ slice, onNarrow }: { slice: Slice; onNarrow: (filter: string) => void }) {
  const { filter } = slice;
  const label = slice.value ?? 'none';
  return (
    <tr>
      <th scope="row" className="clip">
        {filter ? (
          <button type="button" className="text-link plain" title={`Narrow to ${filter}`} onClick={() => onNarrow(filter)}>
            {label}
          </button>
        ) : (
          <span className={slice.value == null ? 'muted' : undefined}>{label}</span>
        )}
      </th>
      <td className="number">{count(slice.count)}</td>
      <td className="number">{share(slice.share)}</td>
      <td className="number">{duration(slice.average)}</td>
      <td className="number">{duration(slice.p99)}</td>
      <td>
        <OutcomeBar counts={countsOf(slice)} />
      </td>
    </tr>
  );
}
