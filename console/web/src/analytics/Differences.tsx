// What differs between two sets, field by field, each value with its share of both and what can be done with it.
import type { Compare } from '../api/generated/Compare';
import type { FieldDifference } from '../api/generated/FieldDifference';
import type { ValueShare } from '../api/generated/ValueShare';
import { go, linkTo } from '../location/address';
import { count, plural } from '../quantity';
import { fieldName, points } from './field';
import { FilterWays, PartedHead, ShareBar } from './parted';

/** Below this nothing differs that a reader would call a difference. */
const EVEN = 0.02;
/** Traces below which shares say little. */
const FEW = 20;

interface DifferencesProps {
  compare: Compare;
  onFilter: (term: string) => void;
  onExclude: (term: string) => void;
  /** Two versions against each other. */
  onDeploy: (a: string, b: string) => void;
}

export function Differences({ compare, onFilter, onExclude, onDeploy }: DifferencesProps) {
  const { fields } = compare;
  const isOneSided = compare.a.traces === 0 || compare.b.traces === 0;
  const of = (kind: FieldDifference['kind']) => fields.filter((field) => field.kind === kind && (field.delta >= EVEN || isOneSided));
  const even = fields.filter((field) => field.kind !== 'id' && field.delta < EVEN && !isOneSided);
  const ids = fields.filter((field) => field.kind === 'id');
  const table = (list: FieldDifference[], label: string) => <FieldTable fields={list} label={label} compare={compare} onFilter={onFilter} onExclude={onExclude} onDeploy={onDeploy} />;
  return (
    <>
      <section className="differences" aria-labelledby="differences-title">
        <h2 id="differences-title">What differs</h2>
        {!isOneSided && Math.min(compare.a.traces, compare.b.traces) < FEW && (
          <p className="muted small">One of the sets has only {plural(Math.min(compare.a.traces, compare.b.traces), 'trace')}: large differences may be chance.</p>
        )}
        {isOneSided && <p className="muted small">One of the sets is empty, so there is nothing to compare; these are the values of the other.</p>}
        {of('context').length === 0 ? <p className="muted">No annotation, version, user, URL, zone or service differs between the sets.</p> : table(of('context'), 'What differs')}
      </section>
      {of('failure').length > 0 && (
        <section className="differences" aria-labelledby="failures-title">
          <h2 id="failures-title">How they end: status, exceptions and root causes</h2>
          {table(of('failure'), 'How they end')}
        </section>
      )}
      {even.length > 0 && (
        <details className="differences-more">
          <summary>
            {plural(even.length, 'field')} nearly the same in both: {even.slice(0, 6).map((field) => fieldName(field.field)).join(', ')}
            {even.length > 6 ? ' …' : ''}
          </summary>
          {table(even, 'Nearly the same')}
        </details>
      )}
      {ids.length > 0 && (
        <details className="differences-more">
          <summary>Lower priority: {plural(ids.length, 'field')} with a value of its own for nearly every trace</summary>
          {table(ids, 'Lower priority')}
        </details>
      )}
      {compare.fieldsLeftOut && <p className="muted">There are more annotation keys and services with versions than are told apart here; the first ones are.</p>}
    </>
  );
}

/** Values that hardly differ beside those that do go into "other", so that the eye finds what matters. */
function folded(field: FieldDifference, compare: Compare): FieldDifference {
  const delta = ({ a, b }: ValueShare) => Math.abs(a / Math.max(1, compare.a.traces) - b / Math.max(1, compare.b.traces));
  const isTold = (value: ValueShare, index: number) => index < 2 || delta(value) >= Math.max(0.01, field.delta * 0.15);
  const hidden = field.values.filter((value, index) => !isTold(value, index));
  return {
    ...field,
    values: field.values.filter(isTold),
    others: field.others + hidden.length,
    otherA: field.otherA + hidden.reduce((sum, value) => sum + value.a, 0),
    otherB: field.otherB + hidden.reduce((sum, value) => sum + value.b, 0),
  };
}

interface TableProps extends DifferencesProps {
  fields: FieldDifference[];
  label: string;
}

function FieldTable({ fields, label, compare, onFilter, onExclude, onDeploy }: TableProps) {
  return (
    <table className="grid differences-table">
      <caption className="visually-hidden">{label}, largest difference first</caption>
      <PartedHead first="Value" />
      {fields.map((field) => [field, folded(field, compare)] as const).map(([field, told]) => (
        <tbody key={field.field}>
          <tr className="difference-field">
            <th scope="rowgroup" colSpan={4}>
              {fieldName(field.field)}
            </th>
            <td className="number">
              <button type="button" className="text-link plain" aria-label={`Group by ${fieldName(field.field)}`} onClick={() => go(linkTo('/traces', { filter: compare.a.filter, by: field.field }))}>
                group
              </button>
            </td>
          </tr>
          {told.values.map((value) => (
            <Row key={value.value ?? ''} value={value} field={field} compare={compare} onFilter={onFilter} onExclude={onExclude} onDeploy={onDeploy} />
          ))}
          {told.others > 0 || told.isCut ? <Others field={told} /> : null}
        </tbody>
      ))}
    </table>
  );
}

function Row({ value, field, compare, onFilter, onExclude, onDeploy }: DifferencesProps & { value: ValueShare; field: FieldDifference }) {
  const inA = compare.a.traces === 0 ? 0 : value.a / compare.a.traces;
  const inB = compare.b.traces === 0 ? 0 : value.b / compare.b.traces;
  const { filter } = value;
  const name = value.label ?? value.value ?? 'none';
  const other = value.value != null && field.field.startsWith('version.') ? otherVersion(field, value) : undefined;
  const said = `${fieldName(field.field)} ${name}`;
  return (
    <tr>
      <th scope="row" className="difference-value" title={name}>
        {value.value == null ? <span className="muted">none</span> : value.value === '' ? <span className="muted">empty</span> : name}
      </th>
      <td>
        <ShareBar side="a" part={inA} title={plural(value.a, 'trace')} />
      </td>
      <td>
        <ShareBar side="b" part={inB} title={plural(value.b, 'trace')} />
      </td>
      <td className="number difference-points">{points(inA - inB)}</td>
      <td className="number nowrap">
        {filter ? (
          <>
            <FilterWays said={said} filter={filter} onFilter={onFilter} onExclude={onExclude} />
            {other?.filter && (
              <>
                {' '}
                <button type="button" className="text-link plain" aria-label={`Compare ${said} vs ${other.value}`} title={`A = ${name}, B = ${other.value}`} onClick={() => onDeploy(filter, other.filter!)}>
                  vs {other.value}
                </button>
              </>
            )}
          </>
        ) : (
          <span className="muted small" title="It stands for more URLs than one filter can name.">
            no filter
          </span>
        )}
      </td>
    </tr>
  );
}

/** The version that most traces have besides this one. */
function otherVersion(field: FieldDifference, { value }: ValueShare): ValueShare | undefined {
  const others = field.values.filter((other) => other.value != null && other.value !== value);
  return others.sort((one, other) => other.a + other.b - one.a - one.b)[0];
}

function Others({ field }: { field: FieldDifference }) {
  return (
    <tr className="muted">
      <th scope="row">
        other ({count(field.others)}
        {field.isCut ? ' and more' : ''})
      </th>
      <td>{count(field.otherA)} traces</td>
      <td>{count(field.otherB)} traces</td>
      <td />
      <td />
    </tr>
  );
}
