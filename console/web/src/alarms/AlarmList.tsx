// All alarms, those that ring first, each with what it watches in words, why it is as it is, and what became of it before.
import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { Link } from 'wouter';
import type { AlarmEntry } from '../api/generated/AlarmEntry';
import { useSession } from '../api/useSession';
import { serverNow } from '../api/live';
import { linkTo, useAddress } from '../location/address';
import { instant } from '../quantity';
import { Blank } from '../ui/Blank';
import { Failure } from '../ui/Failure';
import { Grid, Listed } from '../ui/Listed';
import { LookAfter } from './LookAfter';
import { untilOf } from './mute';
import { useAlarmHistory, useAlarms, useMuteForAnHour, useSwitchActions } from './queries';

const ORDER = ['ALARM', 'INSUFFICIENT_DATA', 'OK'];
export const WORD: Record<string, string> = { ALARM: '▲ in alarm', INSUFFICIENT_DATA: '○ no data yet', OK: '✓ ok' };
export const TONE: Record<string, string> = { ALARM: 'outcome-text-fault', INSUFFICIENT_DATA: 'muted', OK: 'outcome-text-ok' };

export function AlarmList() {
  const alarms = useAlarms();
  const { change } = useAddress();
  const mayChange = useSession()?.mayChange ?? true;
  const create = (
    <Button variant="primary" disabled={!mayChange} onClick={() => change({ dialog: 'new' }, false)}>
      Create an alarm
    </Button>
  );
  return (
    <Listed asked={alarms} label="the alarms">
      {(list) =>
        list.length === 0 ? (
          <Blank title="No alarm yet" actions={mayChange && create}>
            <p>An alarm holds one number of a service against a threshold, such as the fault rate of checkout above 5 % in 2 of 3 minutes. Insights notice what is unusual without any.</p>
            <p>
              They are CloudWatch’s: <code>aws cloudwatch put-metric-alarm --endpoint-url</code>, Terraform and SDKs set them up here too.
            </p>
          </Blank>
        ) : (
          <>
            <div className="page-actions">{create}</div>
            <Grid label="Alarms" columns={['State', 'Name', 'Watches', 'Since', 'Tells']}>
              {inOrder(list).map((alarm) => (
                <Row key={alarm.name} alarm={alarm} mayChange={mayChange} />
              ))}
            </Grid>
          </>
        )
      }
    </Listed>
  );
}

function inOrder(alarms: AlarmEntry[]): AlarmEntry[] {
  return [...alarms].sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || other.since - one.since || one.name.localeCompare(other.name));
}

function Row({ alarm, mayChange }: { alarm: AlarmEntry; mayChange: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const { change } = useAddress();
  const actions = useSwitchActions();
  const mute = useMuteForAnHour();
  const { name, state, acknowledged, muted } = alarm;
  const { ActionsEnabled = true, AlarmActions = [] } = alarm.definition as { ActionsEnabled?: boolean; AlarmActions?: string[] };
  return (
    <>
      <tr>
        <td className="nowrap">
          <span className={`status-word ${TONE[state]}`}>{WORD[state]}</span>
        </td>
        <th scope="row" className="wraps">
          <button type="button" className="text-link plain" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {name}
          </button>
        </th>
        <td className="wraps">{alarm.watches}</td>
        <td className="nowrap">{alarm.since === 0 ? '–' : instant(alarm.since)}</td>
        <td className="wraps">
          {AlarmActions.length === 0 ? <span className="muted nowrap">nobody</span> : AlarmActions.map((arn) => arn.split(':').at(-1)).join(', ')}
          {!ActionsEnabled && <span className="tag">switched off</span>}
          {muted && (
            <Link className="tag" href={linkTo('/alarms', { tab: 'mutes', name: muted.rule })} title={`By the mute rule ${muted.rule}`}>
              muted until {untilOf(muted.until, serverNow())}
            </Link>
          )}
          {acknowledged && <span className="tag" title={acknowledged.note}>{acknowledged.by} looks after it</span>}
        </td>
        <td className="row-actions">
          {!muted && (
            <button type="button" className="text-link plain" disabled={!mayChange || mute.isPending} aria-label={`Mute 1 h: ${name}`} onClick={() => mute.mutate(name)}>
              Mute 1 h
            </button>
          )}{' '}
          <button type="button" className="text-link plain" disabled={!mayChange || actions.isPending} aria-label={`${ActionsEnabled ? 'Silence' : 'Unsilence'} ${name}`} onClick={() => actions.mutate({ name, isOn: !ActionsEnabled })}>
            {ActionsEnabled ? 'Silence' : 'Unsilence'}
          </button>{' '}
          <button type="button" className="text-link plain" disabled={!mayChange} aria-label={`Delete ${name}`} onClick={() => change({ dialog: 'delete', name }, false)}>
            Delete
          </button>
        </td>
      </tr>
      {mute.error && (
        <tr>
          <td colSpan={6}>
            <Failure error={mute.error} retry={() => mute.mutate(name)} />
          </td>
        </tr>
      )}
      {isOpen && (
        <tr>
          <td colSpan={6}>
            <Detail alarm={alarm} mayChange={mayChange} />
          </td>
        </tr>
      )}
    </>
  );
}

/** Why it is as it is, and what became of it before. */
function Detail({ alarm, mayChange }: { alarm: AlarmEntry; mayChange: boolean }) {
  const history = useAlarmHistory(alarm.name);
  const { acknowledged } = alarm;
  const description = (alarm.definition as { AlarmDescription?: string }).AlarmDescription;
  return (
    <div className="alarm-detail">
      {description && <p>{description}</p>}
      <p>{alarm.reason || 'It was not evaluated yet.'}</p>
      {acknowledged && (
        <p>
          {acknowledged.by} looks after it since {instant(acknowledged.at)}
          {acknowledged.note && `: ${acknowledged.note}`}
        </p>
      )}
      {alarm.state === 'ALARM' && !acknowledged && mayChange && <LookAfter alarm={alarm.name} />}
      {history.error && <Failure error={history.error} retry={() => void history.refetch()} />}
      <ol className="alarm-history" aria-label={`History of ${alarm.name}`}>
        {history.data?.map((item, place) => (
          <li key={place}>
            <span className="muted nowrap">{instant(item.Timestamp * 1000)}</span> {item.HistorySummary}
          </li>
        ))}
      </ol>
    </div>
  );
}
