// What the reader likes, kept in this browser only and never in a link.
import { useSyncExternalStore } from 'react';

export interface Preferences {
  /** Follows the system until the reader chooses. */
  theme?: 'light' | 'dark';
  density: 'comfortable' | 'compact';
  zone: 'local' | 'utc';
  filterMode: 'builder' | 'expression';
  /** Columns of the list of traces, in their order. */
  traceColumns: string[];
  detailWidth: number;
  treeShare: number;
}

const KEY = 'fluoro.preferences';
const DEFAULTS: Preferences = { density: 'comfortable', zone: 'local', filterMode: 'builder', traceColumns: ['status', 'responsetime', 'rootcause', 'user', 'services'], detailWidth: 520, treeShare: 0.4 };
const listeners = new Set<() => void>();
let current: Preferences = read();

function read(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}

export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // A browser that keeps nothing: the choice lasts until the page is left.
  }
  for (const listener of listeners) listener();
}

/** For whatever is no component; it does not follow changes. */
export function preferences(): Preferences {
  return current;
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
