// What comes in: doors, rates, the queue, what was refused and why, and what agents say of themselves.
import { useRef } from 'react';
import type { Status } from '../api/generated/Status';
import { Copy } from '../ui/Copy';
import { RefusalList } from '../first/RefusalList';
import { remedyFor } from '../first/remedy';
import { bytes, count, plural, instant, shareOf } from '../quantity';

export function Ingest({ status }: { status: Status }) {
  const { queue } = status;
  const rates = useRates(status);
  const addresses: Record<string, string> = { ...status.listeners };
  const refused = status.refused.reduce((sum, one) => sum + one.count, 0);
  return (
    <>
      <section aria-labelledby="doors">
        <h2 id="doors">Doors</h2>
        <table className="grid listeners">
          <thead>
            <tr>
              <th>Door</th>
              <th>Address</th>
              <th className="number">Documents a second</th>
              <th className="number">Received since the start</th>
              <th className="number">Refused</th>
            </tr>
          </thead>
          <tbody>
            {status.doors.map(({ door, documents }) => {
              const lost = status.refused.filter((one) => one.door === door).reduce((sum, one) => sum + one.count, 0);
              const address = Object.entries(addresses).find(([name]) => name.startsWith(door))?.[1];
              return (
                <tr key={door}>
                  <td>{DOOR_NAME[door] ?? door}</td>
                  <td>
                    {address ? (
                      <>
                        <code>{address}</code> <Copy text={address} what={`address of ${door}`} />
                      </>
                    ) : (
                      <span className="muted">closed</span>
                    )}
                  </td>
                  <td className="number">{rates[door] === undefined ? '–' : rates[door].toFixed(rates[door] < 10 ? 1 : 0)}</td>
                  <td className="number">{count(documents)}</td>
                  <td className="number">{lost === 0 ? '0' : `${count(lost)} (${shareOf(lost, documents)})`}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      <section aria-labelledby="queue">
        <h2 id="queue">Queue</h2>
        <p>
          <meter aria-labelledby="queue" min={0} max={queue.limitBytes} high={queue.limitBytes * 0.5} value={queue.bytes} /> {bytes(queue.bytes)} of {bytes(queue.limitBytes)} wait to
          become durable; {plural(queue.behind, 'document')} {queue.behind === 1 ? 'is' : 'are'} durable and not yet in the answers.
        </p>
      </section>
      <section aria-labelledby="refused">
        <h2 id="refused">Refused</h2>
        {refused === 0 ? (
          <p className="muted">Nothing was refused since the start.</p>
        ) : (
          <>
            <table className="grid">
              <thead>
                <tr>
                  <th>Reason</th>
                  <th>Door</th>
                  <th className="number">Documents</th>
                  <th>What to do</th>
                </tr>
              </thead>
              <tbody>
                {status.refused.toSorted((one, other) => other.count - one.count).map(({ door, reason, count: amount }) => (
                  <tr key={`${door} ${reason}`}>
                    <td>
                      <strong>{reason}</strong>
                    </td>
                    <td>{door}</td>
                    <td className="number">{count(amount)}</td>
                    <td>{remedyFor(reason)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <h3>The last of them</h3>
            <RefusalList refusals={status.recentRefusals} />
          </>
        )}
      </section>
      <Daemons status={status} />
    </>
  );
}

const DOOR_NAME: Record<string, string> = { udp: 'UDP, from SDKs', http: 'HTTP, X-Ray’s API', otlp: 'OTLP, OpenTelemetry' };

function Daemons({ status }: { status: Status }) {
  return (
    <section aria-labelledby="daemons">
      <h2 id="daemons">Agents</h2>
      {status.daemons.length === 0 ? (
        <p className="muted">No agent has reported on itself since the start. The X-Ray daemon and Fluoro’s agent do so once a minute.</p>
      ) : (
        <table className="grid">
          <thead>
            <tr>
              <th>Agent</th>
              <th>Last heard</th>
              <th className="number">Received</th>
              <th className="number">Sent</th>
              <th className="number">Spilled</th>
              <th className="number">Rejected</th>
              <th className="number">Connection errors</th>
            </tr>
          </thead>
          <tbody>
            {status.daemons.map((daemon) => (
              <tr key={daemon.name}>
                <td>{daemon.name || <span className="muted">without a name</span>}</td>
                <td>{instant(daemon.lastSeen)}</td>
                <td className="number">{count(daemon.received)}</td>
                <td className="number">{count(daemon.sent)}</td>
                <td className={daemon.spilled > 0 ? 'number outcome-text-error' : 'number'}>{count(daemon.spilled)}</td>
                <td className={daemon.rejected > 0 ? 'number outcome-text-error' : 'number'}>{count(daemon.rejected)}</td>
                <td className={daemon.connectionErrors > 0 ? 'number outcome-text-error' : 'number'}>{count(daemon.connectionErrors)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** By door, between the last two answers. */
function useRates(status: Status): Record<string, number> {
  const seen = useRef<{ now: Status; before?: Status }>({ now: status });
  if (seen.current.now.now !== status.now) seen.current = { now: status, before: seen.current.now };
  const { now, before } = seen.current;
  if (before === undefined) return {};
  const seconds = (now.now - before.now) / 1000;
  const pairs = now.doors.map(({ door, documents }) => [door, (documents - (before.doors.find((one) => one.door === door)?.documents ?? 0)) / seconds]);
  return Object.fromEntries(pairs) as Record<string, number>;
}
