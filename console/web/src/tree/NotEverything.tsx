// What an answer over many traces left out, and how to have more of it.
import type { ReactNode } from 'react';
import { count, instant, plural } from '../quantity';

interface NotEverythingProps {
  scanned: number;
  reached: number | null | undefined;
  isPatient: boolean;
  onPatience: () => void;
  /** What is said of what was looked at. */
  children?: ReactNode;
}

export function NotEverything({ scanned, reached, isPatient, onPatience, children }: NotEverythingProps) {
  return (
    <p>
      <strong>Not everything:</strong> the newest {count(scanned)} traces{reached != null && <>, those that began since {instant(reached)}</>}.{children}{' '}
      {!isPatient && (
        <button type="button" className="text-link plain" onClick={onPatience}>
          Read on, for up to 20 s
        </button>
      )}
    </p>
  );
}

export function Untold({ untold }: { untold: number }) {
  return (
    <>
      {plural(untold, 'trace')} {untold === 1 ? 'was' : 'were'} stored by an earlier version, which did not keep who called whom, and {untold === 1 ? 'is' : 'are'} in no place.
    </>
  );
}
