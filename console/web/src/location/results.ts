// The list that the reader came from, so that `.` and `,` walk its traces without going back; kept for this browser tab only.
const KEY = 'fluoro.results';
const MOST_KEPT = 2000;

interface Results {
  ids: string[];
  /** How many there are, where the list shows the first of them. */
  total: number;
  /** Path and query of the list. */
  href: string;
}

export interface Place {
  /** From 1. */
  position: number;
  total: number;
  previous?: string;
  next?: string;
  href: string;
}

/** Called by whatever lists traces, with what it shows, in its order. */
export function rememberResults(ids: string[], total: number, href = window.location.pathname + window.location.search): void {
  const results: Results = { ids: ids.slice(0, MOST_KEPT), total: Math.max(total, ids.length), href };
  try {
    sessionStorage.setItem(KEY, JSON.stringify(results));
  } catch {
    // A browser that keeps nothing: the trace is shown without its neighbours.
  }
}

export function placeInResults(id: string): Place | undefined {
  try {
    const { ids, total, href } = JSON.parse(sessionStorage.getItem(KEY) ?? '') as Results;
    const at = ids.indexOf(id);
    return at < 0 ? undefined : { position: at + 1, total, previous: ids[at - 1], next: ids[at + 1], href };
  } catch {
    return undefined;
  }
}
