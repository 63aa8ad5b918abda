// Whom to tell, how each of them does, and a test that shows what the other side answers.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { useSession } from '../api/useSession';
import { useAddress } from '../location/address';
import { duration, instant, plural } from '../quantity';
import { Blank } from '../ui/Blank';
import { Confirm } from '../ui/Confirm';
import { Grid, Listed } from '../ui/Listed';
import { ThisBrowser } from './ThisBrowser';
import { kindOf } from './kinds';
import { NotifierEditor } from './NotifierEditor';
import { useDeleteNotifier, useNotifiers, useTestNotifier, type Notifier } from './queries';

export function Notifiers() {
  const notifiers = useNotifiers();
  const { change } = useAddress();
  const mayChange = useSession()?.mayChange ?? true;
  const add = (
    <Button variant="primary" disabled={!mayChange} onClick={() => change({ dialog: 'new' }, false)}>
      Add a notifier
    </Button>
  );
  return (
    <Listed asked={notifiers} label="the notifiers">
      {(list) => (
        <>
          {list.length === 0 ? (
            <Blank title="Nobody is told yet" actions={mayChange && add}>
              <p>A notifier gets the sentence of each insight, with what it began with and whom it hits, and one more message when it is over: by webhook, Slack, Teams, PagerDuty, Alertmanager, mail or SNS.</p>
            </Blank>
          ) : (
            <>
              <div className="page-actions">{add}</div>
              <Grid label="Notifiers" columns={['Name', 'Kind', 'Last told', 'Waiting', 'Trouble']}>
                {list.map((notifier) => (
                  <Row key={notifier.name} notifier={notifier} mayChange={mayChange} />
                ))}
              </Grid>
            </>
          )}
          <ThisBrowser />
          <Dialogs notifiers={list} />
        </>
      )}
    </Listed>
  );
}

function Row({ notifier, mayChange }: { notifier: Notifier; mayChange: boolean }) {
  const { change } = useAddress();
  const test = useTestNotifier();
  const { name, kind, status, error, isFixed } = notifier;
  const trouble = error ?? (status.dead > 0 ? `${plural(status.dead, 'message')} given up in the last week` : status.pending > 0 ? status.lastFailure : undefined);
  return (
    <>
      <tr>
        <th scope="row">
          {name}
          {isFixed && (
            <span className="tag" title="It stands in the file that the server was started with, and is changed there">
              from a file
            </span>
          )}
        </th>
        <td>{kindOf(kind).label}</td>
        <td className="nowrap">{status.lastSent == null ? 'never' : instant(status.lastSent)}</td>
        <td className="nowrap">{status.pending === 0 ? '–' : plural(status.pending, 'message')}</td>
        <td className={trouble ? 'outcome-text-fault wraps' : 'muted'}>{trouble ?? 'none'}</td>
        <td className="row-actions">
          {kind !== 'topic' && (
            <button type="button" className="text-link plain" disabled={!mayChange || test.isPending} aria-label={`Send a test to ${name}`} onClick={() => test.mutate(name)}>
              Send a test
            </button>
          )}{' '}
          {!isFixed && (
            <>
              <button type="button" className="text-link plain" disabled={!mayChange} aria-label={`Edit ${name}`} onClick={() => change({ dialog: 'edit', name }, false)}>
                Edit
              </button>{' '}
              <button type="button" className="text-link plain" disabled={!mayChange} aria-label={`Delete ${name}`} onClick={() => change({ dialog: 'delete', name }, false)}>
                Delete
              </button>
            </>
          )}
        </td>
      </tr>
      {(test.data ?? test.error) && (
        <tr>
          <td colSpan={6}>
            {test.error ? (
              <Alert type="error">{test.error.message}</Alert>
            ) : (
              <Alert type={test.data!.delivered ? 'success' : 'error'} dismissible onDismiss={test.reset}>
                {test.data!.delivered ? 'It took the test' : 'It did not take the test'}
                {test.data!.status != null && ` and answered ${test.data!.status}`} in {duration(test.data!.millis)}
                {test.data!.answer && (
                  <>
                    : <code className="wraps">{test.data!.answer}</code>
                  </>
                )}
              </Alert>
            )}
          </td>
        </tr>
      )}
    </>
  );
}

/** Whatever the address bar says is open. */
function Dialogs({ notifiers }: { notifiers: Notifier[] }) {
  const { params, change } = useAddress();
  const remove = useDeleteNotifier();
  const close = () => {
    remove.reset();
    change({ dialog: undefined, name: undefined });
  };
  const chosen = notifiers.find((one) => one.name === params.get('name') && !one.isFixed);
  switch (params.get('dialog')) {
    case 'new':
      return <NotifierEditor onClose={close} />;
    case 'edit':
      return chosen ? <NotifierEditor key={chosen.name} before={chosen} onClose={close} /> : null;
    case 'delete':
      return chosen ? (
        <Confirm title={`Delete ${chosen.name}?`} action="Delete notifier" isPending={remove.isPending} error={remove.error} onClose={close} onConfirm={() => remove.mutate(chosen.name, { onSuccess: close })}>
          It is told nothing more, and alarms that name it tell nobody in its place. Messages that wait for it are given up.
        </Confirm>
      ) : null;
    default:
      return null;
  }
}
