// The sign of an outcome: triangle, diamond, disc or tick, each in its colour.
import { OUTCOME_NAME, type Outcome } from './outcome';

export function OutcomeGlyph({ outcome, label = true }: { outcome: Outcome; label?: boolean }) {
  return (
    <svg
      className={`outcome-glyph outcome-${outcome}`}
      width="14"
      height="14"
      viewBox="-7 -7 14 14"
      role={label ? 'img' : undefined}
      aria-hidden={label ? undefined : true}
      aria-label={label ? OUTCOME_NAME[outcome] : undefined}
    >
      <OutcomeShape outcome={outcome} />
    </svg>
  );
}

/** The bare shape, for use inside other drawings; about 11 px wide around the origin. */
export function OutcomeShape({ outcome }: { outcome: Outcome }) {
  switch (outcome) {
    case 'fault':
      return <path d="M0-6 6 5H-6Z" fill="var(--fault)" stroke="var(--fault)" strokeWidth="1" strokeLinejoin="round" />;
    case 'throttle':
      return <path d="M0-6 6 0 0 6-6 0Z" fill="var(--throttle)" />;
    case 'error':
      return <circle r="5" fill="var(--error)" />;
    case 'ok':
      return <path d="M-4.5 0.5-1.5 3.5 4.5-3.5" fill="none" stroke="var(--ok)" strokeWidth="2" />;
  }
}
