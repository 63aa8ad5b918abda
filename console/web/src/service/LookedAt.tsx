// How much of the range an answer speaks of, where that is not all of it.
import { count, instant } from '../quantity';

export function LookedAt({ complete, scanned, reached }: { complete: boolean; scanned: number; reached?: number | null }) {
  if (complete) return null;
  return (
    <p className="table-note" role="status">
      From the newest {count(scanned)} traces alone{reached != null && <>, received since {instant(reached)}</>}: a shorter range is told in full.
    </p>
  );
}
