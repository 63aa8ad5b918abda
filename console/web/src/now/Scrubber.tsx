// The time strip below the map: the window on it is what the map shows; it is dragged, stepped by keys, and played.
import Button from '@cloudscape-design/components/button';
import { scaleTime } from 'd3-scale';
import { useMemo, useState, type KeyboardEvent } from 'react';
import type { History } from '../api/generated/History';
import { useSize } from '../ui/useSize';
import { OutcomeTable } from '../chart/OutcomeTable';
import { StackedBars, totalOf } from '../chart/StackedBars';
import { useBrush } from '../chart/useBrush';
import { OUTCOMES, OUTCOME_WORD } from '../outcome/outcome';
import { clockTime, count, duration, instant, minuteTime } from '../quantity';
import { filled, moved, snapped, type Bounds } from './strip';
import type { Player } from './useReplaySteps';
import { VersionList, VersionMarks } from './VersionMarks';
import '../chart/strip.css';

const BAR_HEIGHT = 44;

interface ScrubberProps {
  history: History;
  strip: Bounds;
  window: Bounds;
  isLive: boolean;
  player: Player;
  /** Of the frame that is shown. */
  frameAt?: Bounds;
  onWindow: (window: Bounds) => void;
  onLive: () => void;
}

export function Scrubber({ history, strip: whole, window, isLive, player, frameAt, onWindow, onLive }: ScrubberProps) {
  const [frame, { width }] = useSize<HTMLDivElement>();
  const [pointed, setPointed] = useState<number>();
  const [isTable, setTable] = useState(false);
  const strip = filled(whole, history.points.find((point) => totalOf(point) > 0)?.at, history.step);
  const x = useMemo(() => scaleTime([new Date(strip.from), new Date(strip.to)], [0, width]), [strip.from, strip.to, width]);
  const at = (ms: number) => Math.max(0, Math.min(width, x(new Date(ms))));
  const brush = useBrush({
    width,
    height: BAR_HEIGHT,
    selection: [at(window.from), Math.max(at(window.from) + 3, at(window.to))],
    onEnd: (picked) => {
      // A press without a drag puts the window there.
      if (picked === undefined) {
        if (pointed !== undefined) onWindow(moved(window, pointed - (window.from + window.to) / 2, whole));
        return;
      }
      const [start, end] = picked.map((pixel) => x.invert(pixel).getTime());
      onWindow(snapped(start!, end!, history.step));
    },
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const sign = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (event.key === ' ') player.isPlaying ? player.pause() : player.play();
    else if (event.key === 'Home') onWindow(moved(window, whole.from - window.from, whole));
    else if (event.key === 'End') onLive();
    else if (sign !== undefined) {
      const by = sign * (event.shiftKey ? 10 : 1);
      if (player.frame !== undefined) player.seek(player.frame + by);
      else onWindow(moved(window, by * history.step, whole));
    } else return;
    event.preventDefault();
  };
  const bar = pointed === undefined ? undefined : history.points.find((point) => pointed >= point.at && pointed < point.at + history.step);
  return (
    <section className="strip" aria-label="Time">
      <div className="strip-head">
        <button type="button" className="strip-play" aria-pressed={player.isPlaying} onClick={() => (player.isPlaying ? player.pause() : player.play())}>
          <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
            <path d={player.isPlaying ? 'M2 1h3v10H2ZM7 1h3v10H7Z' : 'M2 1 11 6 2 11Z'} fill="currentColor" />
          </svg>
          {player.isPlaying ? 'Pause' : 'Replay'}
        </button>
        <span className="strip-says">
          {frameAt ? (
            <strong>{`${clockTime(frameAt.from)} to ${clockTime(frameAt.to)}`}</strong>
          ) : player.frame !== undefined ? (
            'Reading the traces of the window …'
          ) : bar ? (
            `${minuteTime(bar.at)}: ${OUTCOMES.filter((outcome) => bar[outcome] > 0)
              .map((outcome) => `${count(bar[outcome])} ${OUTCOME_WORD[outcome]}`)
              .join(', ')}`
          ) : (
            `Requests of clients per ${duration(history.step).replace(/^1 /, '')}. Drag the window to see the map of that time.`
          )}
        </span>
        {player.frame !== undefined && (
          <Button variant="inline-link" onClick={player.stop}>
            End replay
          </Button>
        )}
        {!isLive && (
          <Button variant="inline-link" onClick={onLive}>
            Back to live
          </Button>
        )}
        <button type="button" className="text-link plain" aria-expanded={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? 'Hide the table' : 'As a table'}
        </button>
      </div>
      <div
        ref={frame}
        className="strip-chart"
        onMouseMove={(event) => setPointed(x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left).getTime())}
        onMouseLeave={() => setPointed(undefined)}
      >
        <svg width={width} height={BAR_HEIGHT + 16} role="group" aria-label={sentence(history)}>
          <StackedBars points={history.points} step={history.step} x={x} width={width} height={BAR_HEIGHT} />
          <VersionMarks versions={history.versions} x={x} width={width} height={BAR_HEIGHT} />
          <g ref={brush} className="brush" />
          {frameAt && <rect className="strip-frame" x={at(frameAt.from)} width={Math.max(3, at(frameAt.to) - at(frameAt.from))} y={0} height={BAR_HEIGHT} />}
          <rect
            className="strip-handle"
            role="slider"
            tabIndex={0}
            aria-label={player.frame === undefined ? 'Time that the map shows' : 'Moment of the replay'}
            aria-valuemin={Math.round(strip.from / 1000)}
            aria-valuemax={Math.round(strip.to / 1000)}
            aria-valuenow={Math.round((frameAt ?? window).to / 1000)}
            aria-valuetext={frameAt ? `${clockTime(frameAt.from)} to ${clockTime(frameAt.to)}` : `${instant(window.from)} to ${isLive ? 'now' : instant(window.to)}`}
            x={at(window.from)}
            width={Math.max(3, at(window.to) - at(window.from))}
            y={0}
            height={BAR_HEIGHT}
            onKeyDown={onKeyDown}
          />
        </svg>
      </div>
      {isTable && (
        <OutcomeTable points={history.points} label="Requests over time as a table">
          <VersionList versions={history.versions} />
        </OutcomeTable>
      )}
    </section>
  );
}

function sentence({ points }: History): string {
  const sum = points.reduce((all, point) => all + totalOf(point), 0);
  const faults = points.reduce((all, point) => all + point.fault, 0);
  return `${count(sum)} requests of clients, ${count(faults)} of them faults`;
}
