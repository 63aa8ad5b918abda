// The views of a trace, and what narrows them: find, faults, errors only, and the critical path.
import { useRef } from 'react';
import { Link } from 'wouter';
import { useShortcuts } from '../ui/useShortcuts';
import { isFromFile } from '../file/held';
import { changed } from '../location/address';
import { count, plural } from '../quantity';
import type { Shown, View } from './useShown';

const NAMES: [View, string][] = [
  ['timeline', 'Timeline'],
  ['map', 'Map'],
  ['flame', 'Flame'],
  ['table', 'Table'],
  ['raw', 'Raw JSON'],
];

/** These are asked of the server, which does not have what comes from a file. */
const NOT_OF_FILE = new Set<View>(['map', 'raw']);

export function ViewBar({ shown }: { shown: Shown }) {
  const { view, faults, selected, stepFault, marks, stepMark } = shown;
  const hrefOf = (to: View) => window.location.pathname + changed(window.location.search, { view: to === 'timeline' ? undefined : to, with: undefined });
  const at = faults.indexOf(selected);
  return (
    <div className="view-bar">
      <nav className="views" aria-label="Views of the trace">
        {NAMES.filter(([id]) => !NOT_OF_FILE.has(id) || !isFromFile(shown.trace.summary.id)).map(([id, name]) => (
          <Link key={id} href={hrefOf(id)} aria-current={id === view ? 'page' : undefined}>
            {name}
          </Link>
        ))}
        {view === 'compare' && (
          <Link href={window.location.pathname + window.location.search} aria-current="page">
            Compare
          </Link>
        )}
      </nav>
      {view !== 'raw' && view !== 'compare' && <Find shown={shown} />}
      {view === 'timeline' && (
        <>
          <Toggle label="Critical path" hint="c" isOn={shown.showsCritical} onToggle={shown.toggleCritical} />
          <Toggle label="Errors only" isOn={shown.onlyErrors} onToggle={shown.toggleErrors} />
          {shown.hasClocks && <Toggle label="Clocks as sent" isOn={shown.asSent} onToggle={shown.toggleSent} />}
        </>
      )}
      {faults.length > 0 && view !== 'raw' && view !== 'compare' && (
        <span className="fault-steps">
          <span>{at >= 0 ? `${at + 1} of ${plural(faults.length, 'fault')}` : plural(faults.length, 'fault')}</span>
          <Step label="Previous fault (Shift n)" isUp onStep={() => stepFault(-1)} />
          <Step label="Next fault (n)" onStep={() => stepFault(1)} />
        </span>
      )}
      {marks.length > 0 && view === 'timeline' && (
        <span className="event-steps">
          <span>{eventWords(shown)}</span>
          <Step label="Previous event (Shift e)" isUp onStep={() => stepMark(-1)} />
          <Step label="Next event (e)" onStep={() => stepMark(1)} />
        </span>
      )}
    </div>
  );
}

function eventWords({ spans, marks }: Shown): string {
  const all = spans.reduce((sum, span) => sum + (span.eventCount ?? 0), 0);
  const words = plural(all, 'event');
  return all > marks.length ? `${words}, ${count(marks.length)} marked` : words;
}

function Toggle({ label, hint, isOn, onToggle }: { label: string; hint?: string; isOn: boolean; onToggle: () => void }) {
  return (
    <label className="view-toggle" title={hint && `${label} (${hint})`}>
      <input type="checkbox" checked={isOn} onChange={onToggle} />
      {label}
    </label>
  );
}

function Step({ label, isUp, onStep }: { label: string; isUp?: boolean; onStep: () => void }) {
  return (
    <button type="button" className="copy" aria-label={label} title={label} onClick={onStep}>
      <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">
        <path d={isUp ? 'M-4 2 0-2 4 2' : 'M-4-2 0 2 4-2'} fill="none" stroke="currentColor" strokeWidth="1.7" />
      </svg>
    </button>
  );
}

function Find({ shown }: { shown: Shown }) {
  const { find, setFind, matches, selected, stepMatch } = shown;
  const field = useRef<HTMLInputElement>(null);
  useShortcuts({ f: () => field.current?.focus() });
  const at = matches.indexOf(selected);
  const words = find.trim() === '' ? '' : matches.length === 0 ? 'nothing' : at >= 0 ? `${at + 1} of ${matches.length}` : plural(matches.length, 'match', 'matches');
  return (
    <span className="find">
      <input
        ref={field}
        type="search"
        placeholder="Find in trace"
        aria-label="Find in trace (f)"
        value={find}
        onChange={(event) => setFind(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') stepMatch(event.shiftKey ? -1 : 1);
          else if (event.key === 'Escape' && find === '') event.currentTarget.blur();
          else return;
          event.preventDefault();
        }}
      />
      <span className="find-count" role="status">
        {words}
      </span>
      {matches.length > 0 && (
        <>
          <Step label="Previous match (Shift Enter)" isUp onStep={() => stepMatch(-1)} />
          <Step label="Next match (Enter)" onStep={() => stepMatch(1)} />
        </>
      )}
    </span>
  );
}
