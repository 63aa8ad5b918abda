// What goes on and what is over, by weight, of what the server says is broken.
import type { Now } from '../api/generated/Now';
import type { NowEntry } from '../api/generated/NowEntry';
import { spokenName } from '../map/display-name';

export interface Entries {
  outages: NowEntry[];
  degraded: NowEntry[];
  /** Too small to be told apart. */
  noise: NowEntry[];
  /** Over by the end of the range, newest first. */
  past: NowEntry[];
}

/** In the server's order, which is by severity. */
export function sorted(entries: readonly NowEntry[]): Entries {
  const going = entries.filter((entry) => entry.until == null);
  return {
    outages: going.filter((entry) => entry.weight === 'outage'),
    degraded: going.filter((entry) => entry.weight === 'degraded'),
    noise: going.filter((entry) => entry.weight === 'noise'),
    past: entries.filter((entry) => entry.until != null && entry.weight !== 'noise'),
  };
}

/** What goes on and is more than noise. */
export function goingOn(now: Now | undefined): NowEntry[] {
  return (now?.entries ?? []).filter((entry) => entry.until == null && entry.weight !== 'noise');
}

export function outages(now: Now | undefined): number {
  return goingOn(now).filter((entry) => entry.weight === 'outage').length;
}

export function culprit({ node }: Pick<NowEntry, 'node'>): string {
  return spokenName(node);
}

/** The verb that follows the name. */
export function happens({ what, until }: NowEntry): string {
  const isOver = until != null;
  if (what === 'failing') return isOver ? 'was failing' : 'is failing';
  if (what === 'slow') return isOver ? 'was slow' : 'is slow';
  return isOver ? 'was silent' : 'is silent';
}
