// Where an axis is labelled: at times and durations that a person would have chosen.
import { scaleTime } from 'd3-scale';

/** At most about so many round times (whole minutes, quarters of hours, days) inside two instants. */
export function roundTimes(from: number, to: number, most: number): number[] {
  return scaleTime([new Date(from), new Date(to)], [0, 1]).ticks(Math.max(2, most)).map((time) => time.getTime());
}

/** Steps of 1, 2 and 5 in milliseconds from the first edge to the last, thinned evenly to at most so many. */
export function roundDurations(edges: readonly number[], most: number): number[] {
  const low = Math.max(0.001, edges[0] ?? 1);
  const high = edges.at(-1) ?? low;
  const steps: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(Math.max(low, high))); decade += 1) {
    for (const step of [1, 2, 5]) {
      const value = step * 10 ** decade;
      if (value >= low && value <= high) steps.push(value);
    }
  }
  const every = Math.max(1, Math.ceil(steps.length / most));
  return steps.filter((_, index) => index % every === 0);
}

/** Where a value lies among edges that grow by factors, counted in edges: 1.5 is in the middle of the second step. */
export function placeAmong(edges: readonly number[], value: number): number {
  const above = edges.findIndex((edge) => edge > value);
  if (above === 0) return 0;
  if (above === -1) return edges.length - 1;
  const [low, high] = [edges[above - 1]!, edges[above]!];
  const part = low > 0 ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return above - 1 + part;
}
