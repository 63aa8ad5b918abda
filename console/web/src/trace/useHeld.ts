// State that stands in the address, written there a moment later: a key that is held would change it thirty times a second.
import { useCallback, useEffect, useRef, useState } from 'react';
import { useAddress, type Change } from '../location/address';

const WRITE_MS = 150;

/** Changes that are not in the address yet, of all that hold some; one write takes them all. */
let pending: Change = {};
let timer = 0;

export function useHeld(name: string): [string | undefined, (value: string | undefined) => void] {
  const { params, change } = useAddress();
  const written = params.get(name) ?? undefined;
  const [value, setValue] = useState(written);
  const lastWritten = useRef(written);
  // The address changed under us: a link, or back and forward.
  useEffect(() => {
    if (written === lastWritten.current) return;
    lastWritten.current = written;
    if (!(name in pending)) setValue(written);
  }, [written, name]);
  useEffect(
    () => () => {
      // Whoever leaves the page takes nothing along to the next.
      delete pending[name];
    },
    [name],
  );
  const set = useCallback(
    (next: string | undefined) => {
      setValue(next);
      pending[name] = next;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => {
        const changes = pending;
        pending = {};
        if (Object.keys(changes).length > 0) change(changes);
      }, WRITE_MS);
    },
    [name, change],
  );
  return [value, set];
}
