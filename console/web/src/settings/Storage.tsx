// What is kept: how much, since when, for how long, in which tables, what was found damaged, and what the store alone has to say.
import Alert from '@cloudscape-design/components/alert';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Figure } from '../api/generated/Figure';
import type { Status } from '../api/generated/Status';
import { callOperation } from '../api/operation';
import { bytes, count, duration, instant, plural } from '../quantity';

interface EncryptionConfig {
  EncryptionConfig: { Type: string; Status: string; KeyId: string | null };
}

export function Storage({ status }: { status: Status }) {
  const { store } = status;
  const pieces = store.tables.reduce((sum, table) => sum + table.pieces, 0);
  return (
    <>
      {store.damaged.length > 0 && (
        <Alert type="error" header={`${plural(store.damaged.length, 'piece')} found damaged and set aside`}>
          <ul className="damaged">
            {store.damaged.map((name) => (
              <li key={name}>
                <code>{name}</code>
              </li>
            ))}
          </ul>
          What was in them does not show; the rest is complete. <code>fluoro store check</code> says more.
        </Alert>
      )}
      <section aria-labelledby="kept">
        <h2 id="kept">Kept</h2>
        <Facts
          facts={[
            ['Traces', count(store.traces)],
            ['Documents', count(store.documents)],
            ['Space taken', bytes(store.bytes)],
            ['Space left', store.freeBytes == null ? 'not known' : bytes(store.freeBytes)],
            ['A trace on average', store.traces === 0 ? '–' : bytes(store.bytes / store.traces)],
            ['Newest received', store.documents === 0 || status.newestReceived == null ? '–' : instant(status.newestReceived)],
            ['Oldest received', store.oldestReceived == null ? 'not in tables yet' : instant(store.oldestReceived)],
          ]}
        />
        {store.age > 0 && <p className="muted small">As the store told {duration(store.age)} ago.</p>}
      </section>
      <section aria-labelledby="retention">
        <h2 id="retention">Retention</h2>
        <Facts
          facts={[
            ['Traces are kept', store.keeps == null ? 'for ever' : duration(store.keeps)],
            ['With an error, throttle or fault', store.keepsFailures == null ? 'as long as the others' : duration(store.keepsFailures)],
          ]}
        />
        <p className="muted small">
          Set when the server starts: <code>--retention 30d --retention-faults 90d --retention-disk 80%</code>
        </p>
      </section>
      <section aria-labelledby="tables">
        <h2 id="tables">Tables</h2>
        {pieces === 0 ? (
          <p className="muted">Nothing is in tables yet.</p>
        ) : (
          <table className="grid narrow-table">
            <thead>
              <tr>
                <th>Table</th>
                <th className="number">Pieces</th>
                <th className="number">Rows</th>
                <th className="number">Size</th>
                <th className="number">A row</th>
              </tr>
            </thead>
            <tbody>
              {store.tables.map((table) => (
                <tr key={table.name}>
                  <td>{table.name}</td>
                  <td className="number">{count(table.pieces)}</td>
                  <td className="number">{count(table.rows)}</td>
                  <td className="number">{bytes(table.bytes)}</td>
                  <td className="number">{table.rows === 0 ? '–' : bytes(table.bytes / table.rows)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <p className="muted small">Small pieces are merged in the background, so their number stays low.</p>
      </section>
      {store.facts.length > 0 && (
        <section aria-labelledby="store-facts">
          <h2 id="store-facts">Of this store</h2>
          <Facts facts={store.facts.map((fact) => [fact.name, figure(fact.value)])} />
        </section>
      )}
      <Encryption />
    </>
  );
}

function figure(value: Figure): string {
  if ('bytes' in value) return bytes(value.bytes);
  return 'count' in value ? count(value.count) : value.text;
}

function Encryption() {
  const config = useQuery({
    queryKey: ['encryption'],
    queryFn: ({ signal }) => callOperation<EncryptionConfig>('GetEncryptionConfig', {}, signal),
    staleTime: Infinity,
  });
  const type = config.data?.EncryptionConfig.Type;
  return (
    <section aria-labelledby="encryption">
      <h2 id="encryption">Encryption</h2>
      {config.error ? (
        <p className="outcome-text-fault">{config.error.message}</p>
      ) : (
        <p>
          {type === undefined ? 'Asking …' : type === 'NONE' ? 'Not by Fluoro. Use an encrypted disk for what is kept.' : `Encrypted: ${type}.`}
        </p>
      )}
    </section>
  );
}

export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  return (
    <dl className="settings-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
