// When matching traces began and how long they took; a box over it picks some, by pointer and by keyboard.
import type { KeyboardEvent } from 'react';
import type { Heatmap as Cells } from '../api/generated/Heatmap';
import { useSize } from '../ui/useSize';
import { placeAmong, roundDurations, roundTimes } from '../chart/ticks';
import { Twin } from '../chart/Twin';
import { useBox } from '../chart/useBox';
import { clockTime, count, duration, instant, minuteTime, plural } from '../quantity';
import '../chart/strip.css';

const HEIGHT = 168;
const LEFT = 54;
/** Labels of an axis, at most. */
const MOST_TICKS = 6;

/** Indices of columns and rows, the last ones included. */
export interface Picked {
  columns: [number, number];
  rows: [number, number];
}

interface HeatmapProps {
  heatmap: Cells;
  picked: Picked | undefined;
  onPick: (picked: Picked | undefined) => void;
}

export function timeWord(step: number): (ms: number) => string {
  return step < 60_000 ? clockTime : step < 21_600_000 ? minuteTime : instant;
}

export function Heatmap({ heatmap, picked, onPick }: HeatmapProps) {
  const [frame, size] = useSize<HTMLDivElement>();
  const { columns, edges, cells, start, step } = heatmap;
  const rows = edges.length - 1;
  const width = Math.max(1, size.width - LEFT);
  const cellWidth = width / columns;
  const cellHeight = HEIGHT / rows;
  const most = Math.max(1, ...cells.map((cell) => cell.count));
  const between = (value: number, top: number) => Math.max(0, Math.min(top - 1, value));
  const { box, handlers } = useBox((drawn) =>
    onPick(
      drawn && {
        columns: [between(Math.floor(drawn.left / cellWidth + 0.15), columns), between(Math.ceil(drawn.right / cellWidth - 0.15) - 1, columns)],
        rows: [between(rows - Math.ceil(drawn.bottom / cellHeight - 0.15), rows), between(rows - 1 - Math.floor(drawn.top / cellHeight + 0.15), rows)],
      },
    ),
  );
  const y = (row: number) => HEIGHT - (row + 1) * cellHeight;
  const end = start + columns * step;
  const word = timeWord(step);
  const total = cells.reduce((sum, cell) => sum + cell.count, 0);
  return (
    <div ref={frame} className="heatmap">
      <svg width={size.width} height={HEIGHT + 18} role="group" aria-label={`${count(total)} traces by start and response time`}>
        {roundDurations(edges, MOST_TICKS).map((value) => (
          <text key={value} className="strip-tick heatmap-tick" x={LEFT - 6} y={Math.min(HEIGHT, Math.max(10, HEIGHT - placeAmong(edges, value) * cellHeight + 4))}>
            {duration(value)}
          </text>
        ))}
        <g transform={`translate(${LEFT} 0)`}>
          <rect className="heatmap-ground" width={width} height={HEIGHT} {...handlers} />
          {cells.map((cell) => (
            <Square key={`${cell.column} ${cell.row}`} cell={cell} most={most} x={cell.column * cellWidth} y={y(cell.row)} width={Math.max(1, cellWidth - 0.6)} height={Math.max(1, cellHeight - 0.6)} />
          ))}
          {picked && !box && (
            <rect
              className="heatmap-box"
              x={picked.columns[0] * cellWidth}
              width={(picked.columns[1] - picked.columns[0] + 1) * cellWidth}
              y={y(picked.rows[1])}
              height={(picked.rows[1] - picked.rows[0] + 1) * cellHeight}
            />
          )}
          {box && <rect className="heatmap-box" x={box.left} width={box.right - box.left} y={box.top} height={box.bottom - box.top} />}
          {roundTimes(start, end, Math.min(MOST_TICKS, Math.floor(width / 90))).map((time) => (
            <text key={time} className="strip-tick heatmap-time" x={((time - start) / (end - start)) * width} y={HEIGHT + 14}>
              {word(time)}
            </text>
          ))}
          <Handles heatmap={heatmap} picked={picked} onPick={onPick} place={{ cellWidth, cellHeight, width }} />
        </g>
      </svg>
    </div>
  );
}

interface SquareProps {
  cell: Cells['cells'][number];
  most: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The more traces, the stronger; what of them went wrong fills it from below in red. */
function Square({ cell, most, x, y, width, height }: SquareProps) {
  const bad = cell.bad === 0 ? 0 : Math.max(Math.min(2, height), (height * cell.bad) / cell.count);
  return (
    <>
      <rect className="heatmap-cell" x={x} y={y} width={width} height={height} opacity={0.25 + 0.75 * (Math.log1p(cell.count) / Math.log1p(most))} />
      {bad > 0 && <rect className="heatmap-cell is-bad" x={x} y={y + height - bad} width={width} height={bad} />}
    </>
  );
}

interface HandlesProps extends HeatmapProps {
  place: { cellWidth: number; cellHeight: number; width: number };
}

/** Four sliders, one for each side of the box: arrows move by one, Shift by five. */
function Handles({ heatmap, picked, onPick, place }: HandlesProps) {
  const columns = heatmap.columns;
  const rows = heatmap.edges.length - 1;
  const now = picked ?? { columns: [0, columns - 1], rows: [0, rows - 1] };
  const word = timeWord(heatmap.step);
  const sides: { label: string; axis: 'columns' | 'rows'; end: 0 | 1; text: string; x: number; y: number; width: number; height: number }[] = [
    { label: 'Start, from', axis: 'columns', end: 0, text: word(heatmap.start + now.columns[0] * heatmap.step), x: now.columns[0] * place.cellWidth - 2, y: 0, width: 4, height: HEIGHT },
    { label: 'Start, to', axis: 'columns', end: 1, text: word(heatmap.start + (now.columns[1] + 1) * heatmap.step), x: (now.columns[1] + 1) * place.cellWidth - 2, y: 0, width: 4, height: HEIGHT },
    { label: 'Shortest response time', axis: 'rows', end: 0, text: duration(heatmap.edges[now.rows[0]]), x: 0, y: HEIGHT - now.rows[0] * place.cellHeight - 2, width: place.width, height: 4 },
    { label: 'Longest response time', axis: 'rows', end: 1, text: duration(heatmap.edges[now.rows[1] + 1]), x: 0, y: HEIGHT - (now.rows[1] + 1) * place.cellHeight - 2, width: place.width, height: 4 },
  ];
  const onKey = (axis: 'columns' | 'rows', end: 0 | 1) => (event: KeyboardEvent) => {
    const sign = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (event.key === 'Escape') onPick(undefined);
    if (sign === undefined) return;
    event.preventDefault();
    const [low, high] = now[axis];
    const moved = now[axis][end] + sign * (event.shiftKey ? 5 : 1);
    const last = (axis === 'columns' ? columns : rows) - 1;
    const next: [number, number] = end === 0 ? [Math.max(0, Math.min(high, moved)), high] : [low, Math.min(last, Math.max(low, moved))];
    onPick({ ...now, [axis]: next });
  };
  return sides.map(({ label, axis, end, text, ...box }) => (
    <rect
      key={label}
      {...box}
      className="histogram-handle heatmap-handle"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-orientation={axis === 'rows' ? 'vertical' : 'horizontal'}
      aria-valuemin={0}
      aria-valuemax={axis === 'columns' ? columns : rows}
      aria-valuenow={now[axis][end] + end}
      aria-valuetext={text}
      onKeyDown={onKey(axis, end)}
    />
  ));
}

export function HeatmapTable({ heatmap }: { heatmap: Cells }) {
  const word = timeWord(heatmap.step);
  return (
    <Twin title="The picture as a table">
      {() => (
        <table>
          <thead>
            <tr>
              <th scope="col">Start</th>
              <th scope="col">Response time</th>
              <th scope="col">Traces</th>
              <th scope="col">Gone wrong</th>
            </tr>
          </thead>
          <tbody>
            {heatmap.cells.map((cell) => (
              <tr key={`${cell.column} ${cell.row}`}>
                <th scope="row">{word(heatmap.start + cell.column * heatmap.step)}</th>
                <td>
                  {duration(heatmap.edges[cell.row])} to {duration(heatmap.edges[cell.row + 1])}
                </td>
                <td>{plural(cell.count, 'trace')}</td>
                <td>{count(cell.bad)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Twin>
  );
}
