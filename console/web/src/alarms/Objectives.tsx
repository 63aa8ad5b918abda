// What is promised of services, how much of what may fail is left, and alarms on how fast it is used up.
import Button from '@cloudscape-design/components/button';
import { useSession } from '../api/useSession';
import type { ObjectiveEntry } from '../api/generated/ObjectiveEntry';
import { useAddress } from '../location/address';
import { spokenName } from '../map/display-name';
import { count, share } from '../quantity';
import { Blank } from '../ui/Blank';
import { Confirm } from '../ui/Confirm';
import { Grid, Listed } from '../ui/Listed';
import { TONE, WORD } from './AlarmList';
import { ObjectiveEditor } from './ObjectiveEditor';
import { useDeleteObjective, useObjectives } from './queries';

export function Objectives() {
  const objectives = useObjectives();
  const { change } = useAddress();
  const mayChange = useSession()?.mayChange ?? true;
  const set = (
    <Button variant="primary" disabled={!mayChange} onClick={() => change({ dialog: 'new' }, false)}>
      Set an objective
    </Button>
  );
  return (
    <>
      <Listed asked={objectives} label="the objectives">
        {(list) =>
          list.length === 0 ? (
            <Blank title="Nothing is promised yet" actions={mayChange && set}>
              <p>An objective says how many requests of a service are to go well, such as 99.9 %. It tells when failures use up what may fail of a month too fast: in an hour, in six, or slowly over three days.</p>
            </Blank>
          ) : (
            <>
              <div className="page-actions">{set}</div>
              <Grid label="Objectives" columns={['State', 'Service', 'Objective', 'Requests in 30 days', 'Failed', 'Left of what may fail']}>
                {list.map((objective) => (
                  <Row key={objective.name} objective={objective} mayChange={mayChange} />
                ))}
              </Grid>
            </>
          )
        }
      </Listed>
      <Dialogs />
    </>
  );
}

function Row({ objective, mayChange }: { objective: ObjectiveEntry; mayChange: boolean }) {
  const { change } = useAddress();
  const { name, service, entry, state, left, requests, failing } = objective;
  return (
    <tr>
      <td className="nowrap">
        <span className={`status-word ${TONE[state]}`}>{state === 'ALARM' ? '▲ burns fast' : WORD[state]}</span>
      </td>
      <th scope="row" className="wraps">
        {spokenName(service)}
        {entry && <div className="mono small">{entry}</div>}
      </th>
      <td className="nowrap">{objective.percent} %</td>
      <td className="nowrap">{count(requests)}</td>
      <td className="nowrap">{count(failing)}</td>
      <td className={left <= 0 ? 'outcome-text-fault nowrap' : 'nowrap'}>
        <meter className="budget" min={0} max={1} low={0.2} optimum={1} value={Math.max(0, left)} aria-label={`Left for ${service}`} /> {left < 0 ? 'used up' : share(left)}
      </td>
      <td className="row-actions">
        <button type="button" className="text-link plain" disabled={!mayChange} aria-label={`Delete ${name}`} onClick={() => change({ dialog: 'delete', name }, false)}>
          Delete
        </button>
      </td>
    </tr>
  );
}

/** Whatever the address bar says is open. */
function Dialogs() {
  const { params, change } = useAddress();
  const remove = useDeleteObjective();
  const close = () => {
    remove.reset();
    change({ dialog: undefined, name: undefined, with: undefined, type: undefined, entry: undefined });
  };
  const name = params.get('name');
  if (params.get('dialog') === 'new') return <ObjectiveEditor service={params.get('with') ?? undefined} type={params.get('type') ?? undefined} entry={params.get('entry') ?? undefined} onClose={close} />;
  if (params.get('dialog') !== 'delete' || name === null) return null;
  return (
    <Confirm title={`Delete the objective ${name}?`} action="Delete objective" isPending={remove.isPending} error={remove.error} onClose={close} onConfirm={() => remove.mutate(name, { onSuccess: close })}>
      Its alarms are deleted with it.
    </Confirm>
  );
}
