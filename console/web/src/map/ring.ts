// The ring around a node: how much of it each outcome takes.
import { OUTCOMES, type Outcome, type OutcomeCounts } from '../outcome/outcome';

export interface Arc {
  outcome: Outcome;
  /** Parts of the whole ring, from twelve o'clock, clockwise. */
  start: number;
  share: number;
}

/** Six degrees: without a floor, one fault in a thousand could not be seen. */
export const LEAST_SHARE = 6 / 360;

export function arcsOf(counts: OutcomeCounts): Arc[] {
  const total = OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
  if (total === 0) return [];
  const shares = OUTCOMES.map((outcome) => {
    const part = counts[outcome] / total;
    return outcome === 'ok' || part === 0 ? part : Math.max(part, LEAST_SHARE);
  });
  // What the floors took is given back by the largest part.
  const largest = shares.indexOf(Math.max(...shares));
  shares[largest]! -= shares.reduce((sum, part) => sum + part, 0) - 1;

  const arcs: Arc[] = [];
  let start = 0;
  OUTCOMES.forEach((outcome, index) => {
    const part = shares[index]!;
    if (part <= 0) return;
    arcs.push({ outcome, start, share: part });
    start += part;
  });
  return arcs;
}
