// Counts over time as a table, newest first: the twin of the stacked bars.
import type { ReactNode } from 'react';
import type { SeriesPoint } from '../api/generated/SeriesPoint';
import { OUTCOMES, OUTCOME_NAME } from '../outcome/outcome';
import { count, instant } from '../quantity';
import { totalOf } from './StackedBars';
import './strip.css';

interface TableProps {
  points: SeriesPoint[];
  label: string;
  children?: ReactNode;
}

export function OutcomeTable({ points, label, children }: TableProps) {
  return (
    <div className="outcome-table" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">Requests</th>
            {OUTCOMES.map((outcome) => (
              <th key={outcome} scope="col">
                {OUTCOME_NAME[outcome]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...points].reverse().map((point) => (
            <tr key={point.at}>
              <th scope="row">{instant(point.at)}</th>
              <td>{count(totalOf(point))}</td>
              {OUTCOMES.map((outcome) => (
                <td key={outcome}>{count(point[outcome])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {children}
    </div>
  );
}
