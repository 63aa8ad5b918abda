// What would be faster, as the address bar says it, and how far a slider goes.

export interface Faster {
  caller?: string;
  node: string;
  /** In milliseconds. */
  by: number;
}

export const LONGEST_MS = 3_600_000;

/** Steps by which people think: one to a hundred as far as a hundred to ten thousand. */
const STEPS = [0, 1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000];
export const SLIDER_STEPS = STEPS.length - 1;

export function slid(step: number): number {
  return STEPS[Math.max(0, Math.min(SLIDER_STEPS, Math.round(step)))]!;
}

/** The step that is next to it. */
export function slideOf(ms: number): number {
  return STEPS.reduce((best, step, index) => (Math.abs(step - ms) < Math.abs(STEPS[best]! - ms) ? index : best), 0);
}

export function fasterIn(params: URLSearchParams): Faster | undefined {
  const node = params.get('node');
  const by = Number(params.get('faster') ?? 100);
  if (!node) return undefined;
  return { node, caller: params.get('caller') ?? undefined, by: Number.isFinite(by) ? Math.min(LONGEST_MS, Math.max(0, by)) : 0 };
}

export function words(ms: number): string {
  if (ms === 0) return 'as fast as they are';
  return ms < 1000 ? `${ms} ms faster` : `${ms / 1000} s faster`;
}
