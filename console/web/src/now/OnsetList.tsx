// Beside a replay, in text: which node began to fail when, up to the moment that is shown.
import type { Graph } from '../api/generated/Graph';
import type { NowEntry } from '../api/generated/NowEntry';
import type { Replay } from '../api/generated/Replay';
import { spokenName } from '../map/display-name';
import { clockTime, plural } from '../quantity';
import { onsets } from './replay';

interface OnsetProps {
  graph: Graph;
  entries: readonly NowEntry[];
  replay: Replay;
  frame: number;
  onSelect: (id: string) => void;
}

export function OnsetList({ graph, entries, replay, frame, onSelect }: OnsetProps) {
  const all = onsets(replay, entries);
  const began = new Map(onsets(replay, entries, frame).map((onset) => [onset.id, onset]));
  const names = new Map(graph.nodes.map((node) => [node.id, spokenName(node.name)]));
  if (all.length === 0) return null;
  return (
    <section className="onsets" aria-label="Order in which nodes began to fail">
      <h3>Began to fail</h3>
      <ol>
        {all.slice(0, 12).map((onset) => {
          const now = began.get(onset.id);
          return (
            <li key={onset.id} className={now ? undefined : 'is-ahead'}>
              <span className="mono">{clockTime(onset.at)}</span>{' '}
              <button type="button" className="text-link plain" onClick={() => onSelect(onset.id)}>
                {names.get(onset.id) ?? onset.id}
              </button>{' '}
              <span className="muted">{now ? plural(now.faults, 'fault') : 'later'}</span>
            </li>
          );
        })}
      </ol>
      {!replay.complete && <p className="muted">From the newest 50,000 traces of the window.</p>}
    </section>
  );
}
