// What tables of two sets have in common: their head, a bar for the share of each, and the ways to narrow A.
import { share } from '../quantity';

export function PartedHead({ first }: { first: string }) {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        <th scope="col">A</th>
        <th scope="col">B</th>
        <th scope="col" className="number" title="Percentage points">
          Difference
        </th>
        <th scope="col">
          <span className="visually-hidden">Actions</span>
        </th>
      </tr>
    </thead>
  );
}

interface WaysProps {
  /** What the filter lets through, in words. */
  said: string;
  filter: string;
  onFilter: (term: string) => void;
  onExclude: (term: string) => void;
}

export function FilterWays({ said, filter, onFilter, onExclude }: WaysProps) {
  return (
    <>
      <button type="button" className="text-link plain" aria-label={`Filter A for ${said}`} title={filter} onClick={() => onFilter(filter)}>
        filter
      </button>{' '}
      <button type="button" className="text-link plain" aria-label={`Exclude ${said} from A`} title={`!(${filter})`} onClick={() => onExclude(filter)}>
        exclude
      </button>
    </>
  );
}

export function ShareBar({ side, part, title }: { side: 'a' | 'b'; part: number; title: string }) {
  return (
    <span className="share" title={title}>
      <span className="share-track" aria-hidden="true">
        <span className={`share-${side}`} style={{ width: `${part * 100}%` }} />
      </span>
      <span className="share-number">{share(part)}</span>
    </span>
  );
}
