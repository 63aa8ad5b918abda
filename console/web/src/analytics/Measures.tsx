// Annotations that are numbers, in two sets: how each lies in both, and from which number on they part.
import type { Compare } from '../api/generated/Compare';
import type { MeasureDifference } from '../api/generated/MeasureDifference';
import type { MeasureRange } from '../api/generated/MeasureRange';
import { amount, count, plural } from '../quantity';
import { points } from './field';
import { FilterWays, PartedHead, ShareBar } from './parted';

interface MeasuresProps {
  compare: Compare;
  onFilter: (term: string) => void;
  onExclude: (term: string) => void;
}

export function Measures({ compare, onFilter, onExclude }: MeasuresProps) {
  const told = compare.measures.filter(({ split, isChance }) => split != null && !isChance);
  const rest = compare.measures.length - told.length;
  if (compare.measures.length === 0) return null;
  return (
    <section className="differences" aria-labelledby="measures-title">
      <h2 id="measures-title">Numbers that part the sets</h2>
      {told.length === 0 ? (
        <p className="muted">No annotation that is a number lies differently in the two sets by more than chance would have it.</p>
      ) : (
        <table className="grid differences-table">
          <caption className="visually-hidden">Annotations that are numbers, what parts the sets most first</caption>
          <PartedHead first="Annotation" />
          {told.map((measure) => (
            <Row key={measure.key} measure={measure} onFilter={onFilter} onExclude={onExclude} />
          ))}
        </table>
      )}
      {told.length > 0 && rest > 0 && <p className="muted small">{plural(rest, 'other number')} could lie so by chance, or too few traces have it.</p>}
    </section>
  );
}

function Row({ measure: { key, a, b, split }, onFilter, onExclude }: Omit<MeasuresProps, 'compare'> & { measure: MeasureDifference }) {
  if (split == null) return null;
  const [inA, inB] = [split.a / Math.max(1, a.values), split.b / Math.max(1, b.values)];
  const said = `${key} from ${amount(split.from)} on`;
  return (
    <tbody>
      <tr className="difference-field">
        <th scope="rowgroup">{key}</th>
        <td className="muted small">{rangeWords(a)}</td>
        <td className="muted small">{rangeWords(b)}</td>
        <td />
        <td />
      </tr>
      <tr>
        <th scope="row" className="difference-value">
          {amount(split.from)} and more
        </th>
        <td>
          <ShareBar side="a" part={inA} title={`${count(split.a)} values`} />
        </td>
        <td>
          <ShareBar side="b" part={inB} title={`${count(split.b)} values`} />
        </td>
        <td className="number difference-points">{points(inA - inB)}</td>
        <td className="number nowrap">
          <FilterWays said={said} filter={split.filter} onFilter={onFilter} onExclude={onExclude} />
        </td>
      </tr>
    </tbody>
  );
}

function rangeWords({ values, least, most, median }: MeasureRange): string {
  return values === 0 ? 'none' : `${amount(least)} to ${amount(most)}, median ${amount(median)}`;
}
