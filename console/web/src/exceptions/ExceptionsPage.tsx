// What was raised anywhere in the range, the most frequent first.
import { Blank } from '../ui/Blank';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useTitle } from '../ui/useTabStatus';
import { useAddress, useGroup, useRange } from '../location/address';
import { count, plural } from '../quantity';
import { LookedAt } from '../service/LookedAt';
import { useExceptions } from '../service/queries';
import { Views } from '../views/Views';
import { Raised } from './Raised';

export default function ExceptionsPage() {
  useTitle('Exceptions');
  const range = useRange();
  const list = useExceptions(range, useGroup());
  const { params, change } = useAddress();
  const find = params.get('find') ?? '';
  if (list.error && !list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Loading label="Looking through the traces" />;
  const { exceptions, leftOut } = list.data;
  const wanted = find.trim().toLowerCase();
  const found = exceptions.filter(({ name, message, node }) => [name, message, node].some((text) => text?.toLowerCase().includes(wanted)));
  return (
    <div className="page">
      <PageHead
        title="Exceptions"
        count={count(found.length)}
        actions={
          <>
            <Views page="/exceptions" />
            <input className="find-names" type="search" placeholder="Find a type, message or service" aria-label="Find a type, message or service" value={find} onChange={(event) => change({ find: event.target.value })} />
          </>
        }
      >
        What services recorded with their requests, by type and service. An exception of one version alone came with it.
      </PageHead>
      <LookedAt {...list.data} />
      {exceptions.length === 0 ? (
        <Blank title="No exception in this time">Nothing was raised, or the SDKs recorded none.</Blank>
      ) : found.length === 0 ? (
        <Blank title="None has this text">Clear the box to see all.</Blank>
      ) : (
        <Raised exceptions={found} />
      )}
      {leftOut > 0 && <p className="table-note">{plural(leftOut, 'further exception')} of other types were not told apart.</p>}
    </div>
  );
}
