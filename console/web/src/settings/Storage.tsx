// What is kept: how much, since when, for how long, in which files, and what was found damaged.
import Alert from '@cloudscape-design/components/alert';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Status } from '../api/generated/Status';
import { callOperation } from '../api/operation';
import { bytes, count, duration, instant, plural } from '../quantity';

interface EncryptionConfig {
  EncryptionConfig: { Type: string; Status: string; KeyId: string | null };
}

export function Storage({ status }: { status: Status }) {
  const { store } = status;
  const files = store.tables.reduce((sum, table) => sum + table.files, 0);
  return (
    <>
      {store.damaged.length > 0 && (
        <Alert type="error" header={`${plural(store.damaged.length, 'file')} found damaged and set aside`}>
          <ul className="damaged">
            {store.damaged.map((name) => (
              <li key={name}>
                <code>{name}</code>
              </li>
            ))}
          </ul>
          What was in them does not show; the rest is complete. They lie in the folder <code>damaged</code> of the data directory, and <code>fluoro store check</code> says more.
        </Alert>
      )}
      <section aria-labelledby="kept">
        <h2 id="kept">Kept</h2>
        <Facts
          facts={[
            ['Traces', count(store.traces)],
            ['Documents', count(store.documents)],
            ['On disk', bytes(store.bytesOnDisk)],
            ['Free on the disk', store.freeBytes == null ? 'not known' : bytes(store.freeBytes)],
            ['A trace on average', store.traces === 0 ? '–' : bytes(store.bytesOnDisk / store.traces)],
            ['Newest received', store.documents === 0 || status.newestReceived == null ? '–' : instant(status.newestReceived)],
            ['Oldest received', store.oldestReceived == null ? 'not in files yet' : instant(store.oldestReceived)],
          ]}
        />
      </section>
      <section aria-labelledby="retention">
        <h2 id="retention">Retention</h2>
        <Facts
          facts={[
            ['Traces are kept', store.keeps == null ? 'for ever' : duration(store.keeps)],
            ['With an error, throttle or fault', store.keepsFailures == null ? 'as long as the others' : duration(store.keepsFailures)],
            ['Share of the disk', store.diskPercent == null ? 'all of it; nothing more is taken when it is full' : `${store.diskPercent} %, then the oldest go`],
          ]}
        />
        <p className="muted small">
          Set when the server starts: <code>--retention 30d --retention-faults 90d --retention-disk 80%</code>
        </p>
      </section>
      <section aria-labelledby="files">
        <h2 id="files">Files</h2>
        {files === 0 ? (
          <p className="muted">{store.logBytes > 0 ? `${bytes(store.logBytes)} are in the log and become files soon.` : 'There are none yet.'}</p>
        ) : (
          <table className="grid narrow-table">
            <thead>
              <tr>
                <th>Table</th>
                <th className="number">Files</th>
                <th className="number">Rows</th>
                <th className="number">Size</th>
                <th className="number">A row</th>
              </tr>
            </thead>
            <tbody>
              {store.tables.map((table) => (
                <tr key={table.name}>
                  <td>{table.name}</td>
                  <td className="number">{count(table.files)}</td>
                  <td className="number">{count(table.rows)}</td>
                  <td className="number">{bytes(table.bytes)}</td>
                  <td className="number">{table.rows === 0 ? '–' : bytes(table.bytes / table.rows)}</td>
                </tr>
              ))}
              <tr>
                <td>log</td>
                <td className="number" />
                <td className="number" />
                <td className="number">{bytes(store.logBytes)}</td>
                <td className="number" />
              </tr>
            </tbody>
          </table>
        )}
        <p className="muted small">Small files are merged in the background, so their number stays low. They are Parquet: DuckDB, pandas and Spark read them where they lie.</p>
      </section>
      <Encryption />
    </>
  );
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
          {type === undefined ? 'Asking …' : type === 'NONE' ? 'Files are not encrypted by Fluoro. Use an encrypted file system for the data directory.' : `Encrypted: ${type}.`}
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
