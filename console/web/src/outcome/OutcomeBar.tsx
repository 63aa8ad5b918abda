// Shares of the four outcomes as one thin bar, with the same in words for those who do not see it.
import { count } from '../quantity';
import { OUTCOME_NAME, OUTCOMES, type OutcomeCounts } from './outcome';

export function OutcomeBar({ counts }: { counts: OutcomeCounts }) {
  const total = OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
  const words = OUTCOMES.filter((outcome) => counts[outcome] > 0)
    .map((outcome) => `${OUTCOME_NAME[outcome]}: ${count(counts[outcome])}`)
    .join(', ');
  return (
    <span className="outcome-bar" role="img" aria-label={words || 'no requests'} title={words}>
      {OUTCOMES.map((outcome) =>
        counts[outcome] === 0 ? null : (
          <span
            key={outcome}
            style={{ flexGrow: counts[outcome] / total, minWidth: 3, background: outcome === 'ok' ? 'var(--bar-ok)' : `var(--${outcome})` }}
          />
        ),
      )}
    </span>
  );
}
