// A histogram of response times as a table, folded until it is asked for.
import type { HistogramBin } from '../api/generated/HistogramBin';
import { count, duration, shareOf } from '../quantity';
import { barsOf } from './bins';
import { Twin } from './Twin';
import './strip.css';

export function HistogramTable({ bins }: { bins: HistogramBin[] }) {
  const { bars } = barsOf(bins, 100);
  const total = bars.reduce((sum, bar) => sum + bar.count, 0);
  return (
    <Twin title="As a table">
      {() => (
        <table>
          <thead>
            <tr>
              <th scope="col">Response time</th>
              <th scope="col">Requests</th>
              <th scope="col">Share</th>
            </tr>
          </thead>
          <tbody>
            {bars
              .filter((bar) => bar.count > 0)
              .map((bar) => (
                <tr key={bar.from}>
                  <th scope="row">
                    {duration(bar.from)} to {duration(bar.to)}
                  </th>
                  <td>{count(bar.count)}</td>
                  <td>{shareOf(bar.count, total)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </Twin>
  );
}
