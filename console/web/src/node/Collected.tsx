// Conditions that were picked in the panel, one after the other, to be looked at together.
import Button from '@cloudscape-design/components/button';
import { Copy } from '../ui/Copy';
import { go, linkTo, useAddress } from '../location/address';

export function Collected() {
  const { params, change } = useAddress();
  const filter = params.get('filter') ?? '';
  if (filter === '') return null;
  return (
    <section className="collected" aria-label="Filter so far">
      <p className="expression">
        <code>{filter}</code> <Copy text={filter} what="filter expression" />
      </p>
      <div className="why-actions">
        <Button variant="primary" onClick={() => go(linkTo('/traces', { filter }))}>
          Traces that match
        </Button>
        <Button onClick={() => change({ filter: undefined })}>Drop the filter</Button>
      </div>
    </section>
  );
}
