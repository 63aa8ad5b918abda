// What is broken, in the server's order: outages as cards, what is degraded as lines that unfold, small things counted.
import { useRef, useState } from 'react';
import type { Graph } from '../api/generated/Graph';
import type { Now } from '../api/generated/Now';
import type { NowEntry } from '../api/generated/NowEntry';
import { culprit, sorted } from '../issue/issue';
import { spokenName } from '../map/display-name';
import { instant, plural } from '../quantity';
import { AllClear } from './AllClear';
import { IssueCard, type RailActions } from './IssueCard';
import { NARROW, useMedia } from '../ui/useMedia';
import { lasted } from './sentence';

/** More of them are counted in one line. */
const MOST_SMALL = 3;

interface RailProps extends RailActions {
  graph: Graph;
  now?: Now;
  windowMs: number;
  selected?: string;
}

export function IssueRail({ graph, now: newest, windowMs, selected, onHover, onSelect }: RailProps) {
  const { now, hold } = useHeld(newest);
  const { outages, degraded, noise, past } = sorted(now?.entries ?? []);
  const at = now?.at ?? graph.now;
  const going = outages.length + degraded.length;
  const isClear = going === 0;
  // Where nothing is heavier, a few small things are told by name.
  const isFew = isClear && noise.length <= MOST_SMALL;
  // There the map comes first, and an issue is a line above it.
  const isNarrow = useMedia(NARROW);
  const card = (entry: NowEntry, isFolded: boolean) => (
    <IssueCard key={`${entry.id} ${isFolded}`} entry={entry} at={at} isFolded={isFolded} isSelected={entry.nodeId === selected} onHover={onHover} onSelect={onSelect} />
  );
  return (
    <aside className="rail" aria-label="Issues" {...hold}>
      <header className="rail-head">
        <h2>Issues</h2>
        {!isClear && <span className={outages.length > 0 ? 'rail-count' : 'rail-count is-slow'}>{outages.length > 0 ? outages.length : going}</span>}
      </header>
      <div className="rail-list" aria-live="polite">
        {isClear && <AllClear graph={graph} windowMs={windowMs} title={noise.length > 0 ? 'No outage' : past[0] ? `All clear since ${instant(past[0].until!)}` : 'All clear'} />}
        {outages.map((entry) => card(entry, isNarrow))}
        {degraded.map((entry) => card(entry, true))}
        {isFew && noise.map((entry) => card(entry, true))}
        <Small noise={isFew ? [] : noise} now={now} onSelect={onSelect} />
        {past.length > 0 && <h3 className="rail-past">Earlier in this range</h3>}
        {past.map((entry) => card(entry, true))}
        {!isClear && <AllClear graph={graph} windowMs={windowMs} />}
      </div>
    </aside>
  );
}

/** Nothing changes places under the pointer: while it is over the rail, entries stay where they are and new ones wait. */
function useHeld(newest: Now | undefined) {
  const [isHeld, setHeld] = useState(false);
  const shown = useRef<Now>(undefined);
  if (newest === undefined || !isHeld || shown.current === undefined) shown.current = newest;
  else shown.current = { ...newest, entries: inPlace(shown.current.entries, newest.entries) };
  return { now: shown.current, hold: { onMouseEnter: () => setHeld(true), onMouseLeave: () => setHeld(false) } };
}

/** The same entries with new numbers, in the old order; what is new comes last. */
export function inPlace(before: readonly NowEntry[], after: readonly NowEntry[]): NowEntry[] {
  const place = new Map(before.map((entry, index) => [entry.id, index]));
  return [...after].sort((a, b) => (place.get(a.id) ?? before.length) - (place.get(b.id) ?? before.length));
}

/** What is not worth a line each: what fails as usual, what is small, and clocks that are off. */
function Small({ noise, now, onSelect }: { noise: NowEntry[]; now?: Now; onSelect: RailActions['onSelect'] }) {
  const usual = now?.background.nodes ?? [];
  return (
    <>
      {noise.length > 0 && (
        <details className="rail-small">
          <summary>{noise.length} more, small</summary>
          <ul>
            {noise.map((entry) => (
              <li key={entry.id}>
                <button type="button" className="text-link plain" onClick={() => onSelect(entry.nodeId)}>
                  {culprit(entry)}
                </button>{' '}
                <span className="muted">
                  {plural(entry.failing, 'request')}, {entry.exception?.name ?? entry.what}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {usual.length > 0 && (
        <p className="rail-small" title={usual.map(spokenName).join(', ')}>
          {plural(usual.length, 'node fails', 'nodes fail')} as usual <span className="muted">{plural(now!.background.failing, 'request')} in the last minute</span>
        </p>
      )}
      {(now?.clocks ?? []).map((clock) => (
        <p key={clock.nodeId} className="rail-small">
          The clock of{' '}
          <button type="button" className="text-link plain" onClick={() => onSelect(clock.nodeId)}>
            {spokenName(clock.node)}
          </button>{' '}
          is {lasted(Math.abs(clock.behind))} {clock.behind > 0 ? 'behind' : 'ahead'}
        </p>
      ))}
    </>
  );
}
