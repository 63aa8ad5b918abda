// What the traces can be narrowed by: a button a property, each with its values and how many traces have them, before one chooses.
import { Link } from 'wouter';
import { useState } from 'react';
import type { Facet } from '../api/generated/Facet';
import type { Facets } from '../api/generated/Facets';
import type { FacetValue } from '../api/generated/FacetValue';
import type { MeasureRange } from '../api/generated/MeasureRange';
import { fieldName, opposite } from '../analytics/field';
import { Menu } from '../ui/Menu';
import { changed } from '../location/address';
import { OUTCOME_NAME, OUTCOMES } from '../outcome/outcome';
import { amount, compactCount, count, plural, share } from '../quantity';
import './facet.css';

/** As people ask: how it ended, what was asked, of whom, for whom; annotations after these. */
const ORDER = ['outcome', 'status', 'method', 'url', 'entrypoint', 'service', 'exception', 'rootcause', 'user', 'zone', 'instance', 'account', 'clientip', 'useragent'];
/** Buttons that fit into one line, also beside a trace; the others wait behind one more. */
const SHOWN = 6;
/** How a trace spent its time is a picture, and no word to choose by. */
const NOT_OFFERED = new Set(['selftime', 'slowcause', 'errorcause', 'resource']);

interface FacetBarProps {
  facets: Facets;
  isOld: boolean;
  onNarrow: (filter: string) => void;
  onBy: (by: string) => void;
}

export function FacetBar({ facets, isOld, onNarrow, onBy }: FacetBarProps) {
  const [showsAll, setShowsAll] = useState(false);
  const list = offered(facets);
  const shown = showsAll ? list : list.slice(0, SHOWN);
  const hidden = list.length - shown.length;
  if (list.length === 0) return null;
  return (
    <section className={isOld ? 'facets is-old' : 'facets'} aria-label="Narrow by">
      {shown.map((facet) => (
        <Menu
          key={facet.field}
          className="list-menu facet"
          label={`${nameOf(facet.field)}, ${plural(facet.distinct, 'value')}`}
          summary={
            <>
              {nameOf(facet.field)} <span className="muted small">{compactCount(facet.distinct)}{facet.isCut ? '+' : ''}</span>
            </>
          }
        >
          {(close) => (
            <Values
              facet={facet}
              traces={facets.traces}
              measure={facets.measures.find(({ key }) => facet.field === `annotation.${key}`)}
              onNarrow={(filter) => {
                close();
                onNarrow(filter);
              }}
              onBy={() => {
                close();
                onBy(facet.field);
              }}
            />
          )}
        </Menu>
      ))}
      {(hidden > 0 || showsAll) && list.length > SHOWN && (
        <button type="button" className="text-link plain" aria-expanded={showsAll} onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? 'Fewer' : `${hidden} more`}
        </button>
      )}
      {!facets.complete && <span className="muted small">of the newest {count(facets.traces)} that match</span>}
    </section>
  );
}

function nameOf(field: string): string {
  if (field === 'outcome') return 'Outcome';
  return field.startsWith('annotation.') ? field.slice('annotation.'.length) : fieldName(field);
}

/** What tells the traces apart: not what all share, and not what each has for itself, users but for. */
export function offered({ facets, ...all }: Facets): Facet[] {
  const outcomes = OUTCOMES.filter((outcome) => all[outcome] > 0);
  const outcome: Facet = {
    field: 'outcome',
    isId: false,
    isCut: false,
    distinct: outcomes.length,
    values: outcomes.map((name) => ({ value: OUTCOME_NAME[name], filter: name, count: all[name] })).sort((a, b) => b.count - a.count),
  };
  const isTelling = ({ field, isId, values }: Facet) => !NOT_OFFERED.has(field) && (!isId || field === 'user') && values.length > 1;
  const rank = ({ field }: Facet) => {
    const at = ORDER.indexOf(field);
    return at >= 0 ? at : field.startsWith('version.') ? ORDER.length : ORDER.length + 1;
  };
  const coverage = ({ values }: Facet) => values.reduce((sum, { value, count: traces }) => sum + (value == null ? 0 : traces), 0);
  return [outcome, ...facets].filter(isTelling).sort((a, b) => rank(a) - rank(b) || coverage(b) - coverage(a) || a.field.localeCompare(b.field));
}

interface ValuesProps {
  facet: Facet;
  traces: number;
  measure?: MeasureRange;
  onNarrow: (filter: string) => void;
  onBy: () => void;
}

function Values({ facet, traces, measure, onNarrow, onBy }: ValuesProps) {
  const { field, values, distinct } = facet;
  const told = values.filter(({ value }) => value != null).length;
  const most = Math.max(1, ...values.map((value) => value.count));
  return (
    <div className="list-menu-body facet-list">
      {measure && measure.values > 0 && (
        <p className="muted small">
          From {amount(measure.least)} to {amount(measure.most)}, half of them up to {amount(measure.median)}
        </p>
      )}
      <ul>
        {values.map((value) => (
          <Value key={value.value ?? ''} value={value} traces={traces} most={most} onNarrow={onNarrow} />
        ))}
      </ul>
      {distinct > told && <p className="muted small">{count(distinct - told)} less frequent {distinct - told === 1 ? 'value is' : 'values are'} not listed.</p>}
      {field !== 'outcome' && (
        <p className="picture-picked">
          <button type="button" className="text-link plain" onClick={onBy}>
            Group by it
          </button>
          <Link className="text-link" href={window.location.pathname + changed(window.location.search, { by: field, course: '1' })}>
            Over time
          </Link>
        </p>
      )}
    </div>
  );
}

function Value({ value, traces, most, onNarrow }: { value: FacetValue; traces: number; most: number; onNarrow: (filter: string) => void }) {
  const name = value.label ?? value.value ?? 'none';
  const { filter } = value;
  return (
    <li title={`${name}: ${plural(value.count, 'trace')}`}>
      <button type="button" className="facet-value" disabled={filter == null} title={filter ?? 'It stands for more than one filter can name.'} onClick={() => filter != null && onNarrow(filter)}>
        <span className="facet-fill" style={{ width: `${(value.count / most) * 100}%` }} aria-hidden="true" />
        <span className={value.value == null ? 'facet-name muted' : 'facet-name'}>{value.value === '' ? 'empty' : name}</span>
        <span className="facet-count">{compactCount(value.count)}</span>
        <span className="facet-share">{share(traces === 0 ? 0 : value.count / traces)}</span>
      </button>
      {filter != null && (
        <button type="button" className="copy" aria-label={`All but ${name}`} title={opposite(filter)} onClick={() => onNarrow(opposite(filter))}>
          <svg width="14" height="14" viewBox="-6 -6 12 12" aria-hidden="true">
            <path d="M-4.5 0A4.5 4.5 0 1 1 4.5 0 4.5 4.5 0 1 1-4.5 0M-3.2 3.2 3.2-3.2" fill="none" stroke="currentColor" strokeWidth="1.4" />
          </svg>
        </button>
      )}
    </li>
  );
}
