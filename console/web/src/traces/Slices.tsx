// Matching traces grouped by one property; a click on a value narrows the filter to it.
import Select from '@cloudscape-design/components/select';
import { useState, type ReactNode } from 'react';
import type { Slice } from '../api/generated/Slice';
import type { TraceList } from '../api/generated/TraceList';
import { fieldName } from '../analytics/field';
import { useCompletions } from '../filter/queries';
import { OutcomeBar } from '../outcome/OutcomeBar';
import { countsOf } from '../outcome/outcome';
import { count, duration, share } from '../quantity';

const BY = ['url', 'rawurl', 'status', 'method', 'user', 'service', 'rootcause', 'exception', 'entrypoint', 'zone', 'instance', 'slowcause', 'selftime', 'clientip', 'useragent'];
const SHOWN = 6;

interface SlicesProps {
  /** In place of the sums. */
  overTime?: ReactNode;
  isOverTime: boolean;
  onOverTime: (isOverTime: boolean) => void;
  list: TraceList;
  by: string;
  onBy: (by: string) => void;
  onNarrow: (filter: string) => void;
}

export function Slices({ list, by, overTime, isOverTime, onOverTime, onBy, onNarrow }: SlicesProps) {
  const [isOpen, setOpen] = useState(false);
  const keys = useCompletions('annotation', true).data?.completions ?? [];
  const annotations = keys.flatMap(({ text }) => keyOf(text) ?? []).map((key) => `annotation.${key}`);
  const choices = [...new Set([...BY, ...annotations, by])];
  const rows = isOpen ? list.slices : list.slices.slice(0, SHOWN);
  const hidden = list.slices.length - rows.length;
  return (
    <section className={isOverTime ? 'slices is-wide' : 'slices'} aria-label="Groups">
      <div className="slices-head">
        <div className="slices-by">
        <Select
          inlineLabelText="Group by"
          ariaLabel="Group by"
          selectedOption={{ value: by, label: fieldName(by) }}
          options={choices.map((value) => ({ value, label: fieldName(value) }))}
          filteringType="auto"
          onChange={({ detail }) => onBy(detail.selectedOption.value!)}
        />
        </div>
        <label className="slices-toggle">
          <input type="checkbox" checked={isOverTime} onChange={(event) => onOverTime(event.target.checked)} />
          Over time
        </label>
      </div>
      {isOverTime && overTime}
      {!isOverTime && list.slices.length > 0 && (
        <table className="grid">
          <thead>
            <tr>
              <th scope="col">{fieldName(by)}</th>
              <th scope="col" className="number">Traces</th>
              <th scope="col" className="number">Share</th>
              <th scope="col" className="number">Average</th>
              <th scope="col" className="number">p99</th>
              <th scope="col" className="slices-outcome">Outcomes</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((slice) => (
              <Row key={`${slice.value} ${slice.filter}`} slice={slice} onNarrow={onNarrow} />
            ))}
          </tbody>
        </table>
      )}
      {!isOverTime && (hidden > 0 || isOpen) && list.slices.length > SHOWN && (
        <button type="button" className="text-link plain" onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
          {isOpen ? 'Show fewer' : `Show ${hidden} more`}
        </button>
      )}
    </section>
  );
}

/** The key in `annotation.tenant` or `annotation[http.route]`. */
function keyOf(text: string): string | undefined {
  const [, plain, bare, quoted] = /^annotation(?:\.(.+)|\[([^"].*)\]|\["(.*)"\])$/.exec(text) ?? [];
  return plain ?? bare ?? quoted?.replaceAll(/\\(.)/g, '$1');
}

function Row({ slice, onNarrow }: { slice: Slice; onNarrow: (filter: string) => void }) {
  const { filter } = slice;
  const label = slice.label ?? slice.value ?? 'none';
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
