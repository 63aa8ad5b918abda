// Keys: who holds one and what it may do; a secret is shown once, when it is made.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get, remove } from '../api/client';
import type { KeyEntry } from '../api/generated/KeyEntry';
import type { KeyList } from '../api/generated/KeyList';
import type { Session } from '../api/generated/Session';
import { Confirm } from '../ui/Confirm';
import { Failure } from '../ui/Failure';
import { useChange } from '../api/operation';
import { instant } from '../quantity';
import { KeyEditor } from './KeyEditor';

export const KIND = { accessKey: 'Access key', consoleToken: 'Console token' } as const;

export function Access({ session }: { session: Session | undefined }) {
  if (session === undefined) return null;
  if (!session.required) {
    return (
      <section aria-labelledby="access">
        <h2 id="access">Access</h2>
        <p>This server asks nobody who they are: whoever reaches its address may read and change everything.</p>
        <p className="muted">
          Start it with <code>--auth on</code> and make a first key with <code>fluoro keys create --console --name you</code>. Then keys are listed, made and revoked here.
        </p>
      </section>
    );
  }
  return (
    <section aria-labelledby="access">
      <h2 id="access">Access</h2>
      <p>
        Signed in as <strong>{session.name ?? 'nobody'}</strong>.{' '}
        <a className="text-link" href="/signin">
          Sign out
        </a>
      </p>
      {session.mayManageKeys ? <Keys own={session.keyId ?? undefined} /> : <p className="muted">Keys are managed by whoever has a policy with <code>fluoro:ManageKeys</code>.</p>}
    </section>
  );
}

function Keys({ own }: { own?: string }) {
  const keys = useQuery({ queryKey: ['keys'], queryFn: ({ signal }) => get<KeyList>('/api/keys', {}, signal) });
  const [isMaking, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<KeyEntry>();
  const revoke = useChange<string>((id) => remove(`/api/keys/${encodeURIComponent(id)}`), ['keys']);
  if (keys.data === undefined) return keys.error ? <Failure error={keys.error} retry={() => void keys.refetch()} /> : null;
  return (
    <>
      <div className="keys-head">
        <h3>Keys</h3>
        <Button onClick={() => setMaking(true)}>Create key</Button>
      </div>
      <table className="grid">
        <thead>
          <tr>
            <th>Name</th>
            <th>Id</th>
            <th>Kind</th>
            <th>Created</th>
            <th>Expires</th>
            <th>Last used</th>
            <th>May do</th>
            <th>
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.data.keys.map((key) => (
            <tr key={key.id}>
              <td>
                {key.name} {key.id === own && <span className="tag">you</span>}
              </td>
              <td>
                <code>{key.id}</code>
              </td>
              <td>{KIND[key.kind]}</td>
              <td className="nowrap">{instant(key.created)}</td>
              <td className="nowrap">{key.expires === null ? 'never' : instant(key.expires)}</td>
              <td className="nowrap">{key.used === null ? 'never' : instant(key.used)}</td>
              <td>
                <details>
                  <summary>{presetOf(key.policy, keys.data) ?? 'a policy of its own'}</summary>
                  <pre className="policy">{key.policy}</pre>
                </details>
              </td>
              <td className="row-actions">
                <Button variant="inline-link" ariaLabel={`Revoke ${key.name} ${key.id}`} onClick={() => setRevoking(key)}>
                  Revoke
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {isMaking && <KeyEditor presets={keys.data.presets} onClose={() => setMaking(false)} />}
      {revoking && (
        <Confirm
          title={`Revoke the key of ${revoking.name}?`}
          action="Revoke"
          isPending={revoke.isPending}
          error={revoke.error}
          onClose={() => setRevoking(undefined)}
          onConfirm={() => revoke.mutate(revoking.id, { onSuccess: () => setRevoking(undefined) })}
        >
          <p>
            Whoever uses <code>{revoking.id}</code> is refused from then on. This cannot be undone.
          </p>
          {revoking.id === own && <Alert type="warning">This is the key that you are signed in with: you will be signed out.</Alert>}
        </Confirm>
      )}
    </>
  );
}

function presetOf(policy: string, { presets }: KeyList): string | undefined {
  return presets.find((preset) => preset.policy === policy)?.name;
}
