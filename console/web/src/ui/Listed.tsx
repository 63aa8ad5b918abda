// A list that was asked for: what to show while it is not there, when it failed, and in what region its table scrolls.
import type { ReactNode } from 'react';
import { Failure } from './Failure';
import { Loading } from './Loading';

interface Asked<T> {
  data: T | undefined;
  error: Error | null;
  refetch: () => Promise<unknown>;
}

/** The content as soon as there is any; a failure afterwards says that it is from before. */
export function Listed<T>({ asked, label, children }: { asked: Asked<T>; label: string; children: (data: T) => ReactNode }) {
  const again = () => void asked.refetch();
  if (asked.data === undefined) return asked.error ? <Failure error={asked.error} retry={again} /> : <Loading label={`Asking for ${label}`} />;
  return (
    <>
      {asked.error && <Failure error={asked.error} retry={again} stale="before" />}
      {children(asked.data)}
    </>
  );
}

/** A table whose last column are actions. */
export function Grid({ label, columns, children }: { label: string; columns: string[]; children: ReactNode }) {
  return (
    <div className="scrolls" tabIndex={0} role="region" aria-label={label}>
      <table className="grid">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
