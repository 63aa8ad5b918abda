// The rules that keep the actions of alarms back: whose, when, and whether they do now.
import { useEffect, useRef } from 'react';
import type { MuteEntry } from '../api/generated/MuteEntry';
import { serverNow } from '../api/live';
import { useSession } from '../api/useSession';
import { useAddress } from '../location/address';
import { Blank } from '../ui/Blank';
import { Confirm } from '../ui/Confirm';
import { Grid, Listed } from '../ui/Listed';
import { untilOf } from './mute';
import { useDeleteMute, useMutes } from './queries';

const WORD: Record<string, string> = { ACTIVE: '● mutes now', SCHEDULED: '○ waits', EXPIRED: 'over' };

export function Mutes() {
  const mutes = useMutes();
  const { params, change } = useAddress();
  const mayChange = useSession()?.mayChange ?? true;
  const remove = useDeleteMute();
  const name = params.get('name');
  const close = () => {
    remove.reset();
    change({ dialog: undefined, name: undefined });
  };
  return (
    <>
      <Listed asked={mutes} label="the mute rules">
        {(list) =>
          list.length === 0 ? (
            <Blank title="Nothing is muted">
              <p>A mute rule keeps the actions of some alarms back for a while, such as during a deployment; they are evaluated all the same, and what goes on when it ends is told then. “Mute 1 h” at an alarm makes one.</p>
              <p>
                Windows that come again are set up by <code>aws cloudwatch put-alarm-mute-rule --endpoint-url</code>.
              </p>
            </Blank>
          ) : (
            <Grid label="Mute rules" columns={['State', 'Name', 'Alarms', 'When']}>
              {list.map((mute) => (
                <Row key={mute.name} mute={mute} isMeant={mute.name === name} mayChange={mayChange} onDelete={() => change({ dialog: 'delete', name: mute.name }, false)} />
              ))}
            </Grid>
          )
        }
      </Listed>
      {params.get('dialog') === 'delete' && name !== null && (
        <Confirm title={`Delete the mute rule ${name}?`} action="Delete mute rule" isPending={remove.isPending} error={remove.error} onClose={close} onConfirm={() => remove.mutate(name, { onSuccess: close })}>
          If it mutes now, what goes on is told at once.
        </Confirm>
      )}
    </>
  );
}

function Row({ mute, isMeant, mayChange, onDelete }: { mute: MuteEntry; isMeant: boolean; mayChange: boolean; onDelete: () => void }) {
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (isMeant) row.current?.scrollIntoView({ block: 'nearest' });
  }, [isMeant]);
  return (
    <tr ref={row} className={isMeant ? 'is-matched' : undefined} aria-current={isMeant || undefined}>
      <td className="nowrap">
        {WORD[mute.status] ?? mute.status}
        {mute.until != null && <> until {untilOf(mute.until, serverNow())}</>}
      </td>
      <th scope="row" className="wraps">
        {mute.name}
        {mute.description && <div className="muted small">{mute.description}</div>}
      </th>
      <td className="wraps">{mute.alarms.length > 0 ? mute.alarms.join(', ') : <span className="muted">none is named</span>}</td>
      <td className="wraps">
        <code>{mute.expression}</code> for <code>{mute.duration}</code> {mute.timezone ?? 'UTC'}
      </td>
      <td className="row-actions">
        <button type="button" className="text-link plain" disabled={!mayChange} aria-label={`Delete ${mute.name}`} onClick={onDelete}>
          Delete
        </button>
      </td>
    </tr>
  );
}
