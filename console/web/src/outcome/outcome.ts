// X-Ray's four outcomes of a request, their order, names and signs; colour is never the only difference.
import type { Outcome } from '../api/generated/Outcome';
import type { Stats } from '../api/generated/Stats';

export type { Outcome };

/** Worst first: the order of the ring, clockwise from twelve o'clock. */
export const OUTCOMES: readonly Outcome[] = ['fault', 'throttle', 'error', 'ok'];

export const OUTCOME_NAME: Record<Outcome, string> = {
  fault: 'Fault (5xx)',
  throttle: 'Throttle (429)',
  error: 'Error (4xx)',
  ok: 'OK',
};

export const OUTCOME_WORD: Record<Outcome, string> = { fault: 'fault', throttle: 'throttle', error: 'error', ok: 'ok' };

export type OutcomeCounts = Record<Outcome, number>;

export function countsOf(stats: OutcomeCounts): OutcomeCounts {
  return { ok: stats.ok, error: stats.error, throttle: stats.throttle, fault: stats.fault };
}

/** The worst outcome with more than nothing in it. */
export function worstOf(stats: OutcomeCounts): Outcome {
  return OUTCOMES.find((outcome) => stats[outcome] > 0) ?? 'ok';
}

export function badShare(stats: Stats): number {
  return stats.total === 0 ? 0 : (stats.fault + stats.throttle + stats.error) / stats.total;
}
