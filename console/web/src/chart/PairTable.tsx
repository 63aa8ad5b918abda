// The same as two rows of bars as a table, folded until it is asked for.
import { count, shareOf } from '../quantity';
import type { PairBar } from './PairBars';
import { Twin } from './Twin';

export function PairTable({ bars, totals, label }: { bars: PairBar[]; totals: { a: number; b: number }; label: string }) {
  return (
    <Twin title={`${label} as a table`}>
      {() => (
        <table>
          <thead>
            <tr>
              <th scope="col">{label}</th>
              <th scope="col">A</th>
              <th scope="col">Share of A</th>
              <th scope="col">B</th>
              <th scope="col">Share of B</th>
            </tr>
          </thead>
          <tbody>
            {bars
              .filter((bar) => bar.a + bar.b > 0)
              .map((bar) => (
                <tr key={bar.from}>
                  <th scope="row">
                    {bar.from} to {bar.to}
                  </th>
                  <td>{count(bar.a)}</td>
                  <td>{shareOf(bar.a, totals.a)}</td>
                  <td>{count(bar.b)}</td>
                  <td>{shareOf(bar.b, totals.b)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </Twin>
  );
}
