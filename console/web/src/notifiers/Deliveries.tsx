// What was told to whom, and what became of it, the newest first.
import { useSession } from '../api/useSession';
import { instant, plural } from '../quantity';
import { Blank } from '../ui/Blank';
import { Failure } from '../ui/Failure';
import { Grid, Listed } from '../ui/Listed';
import { useDeliveries, useRetry } from './queries';

const WORD: Record<string, string> = { pending: 'waits', held: 'told by its origin', sent: 'arrived', merged: 'went with others', dead: 'given up' };

export function Deliveries() {
  const deliveries = useDeliveries();
  const retry = useRetry();
  const mayChange = useSession()?.mayChange ?? true;
  return (
    <Listed asked={deliveries} label="what was told">
      {({ deliveries: list }) =>
        list.length === 0 ? (
          <Blank title="Nothing was told yet">Each message stands here with what the other side answered, once there is one.</Blank>
        ) : (
          <>
            {retry.error && <Failure error={retry.error} retry={retry.reset} />}
            <Grid label="Deliveries" columns={['When', 'To', 'Message', 'State', 'Answer']}>
              {list.map((delivery) => (
                <tr key={delivery.id}>
                  <td className="nowrap">{instant(delivery.created)}</td>
                  <td>{delivery.target}</td>
                  <td className="wraps">
                    {delivery.title} <span className="tag">{delivery.status === 'resolved' ? 'over' : delivery.kind}</span>
                  </td>
                  <td className={delivery.state === 'dead' ? 'outcome-text-fault nowrap' : 'nowrap'}>
                    {WORD[delivery.state] ?? delivery.state}
                    {delivery.tries > 1 && <span className="muted"> after {plural(delivery.tries, 'try', 'tries')}</span>}
                    {delivery.due != null && <div className="muted small">again at {instant(delivery.due)}</div>}
                  </td>
                  <td className="wraps muted">{delivery.answer ?? '–'}</td>
                  <td className="row-actions">
                    {['dead', 'pending', 'held'].includes(delivery.state) && (
                      <button type="button" className="text-link plain" disabled={!mayChange} aria-label={`Send ${delivery.title} again`} onClick={() => retry.mutate(delivery.id)}>
                        Send now
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </Grid>
          </>
        )
      }
    </Listed>
  );
}
