// A value once it has not changed for a moment, so that typing does not ask the server at every letter.
import { useEffect, useState } from 'react';

const SETTLES_AFTER_MS = 250;

export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), SETTLES_AFTER_MS);
    return () => window.clearTimeout(timer);
    // The text tells whether it changed; the value may be made anew each time.
  }, [text]);
  return settled;
}
