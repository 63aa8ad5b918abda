// A short word on what was just done, which goes by itself.
import { useEffect, useSyncExternalStore } from 'react';

const SHOWN_MS = 2500;

let current: { text: string; at: number } | undefined;
const listeners = new Set<() => void>();

export function notify(text: string): void {
  current = { text, at: Date.now() };
  for (const listener of listeners) listener();
}

function clear(): void {
  current = undefined;
  for (const listener of listeners) listener();
}

export function Notice() {
  const notice = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
  useEffect(() => {
    if (notice === undefined) return;
    const timer = window.setTimeout(clear, SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [notice]);
  return (
    <div className={notice ? 'notice is-shown' : 'notice'} role="status">
      {notice?.text}
    </div>
  );
}
