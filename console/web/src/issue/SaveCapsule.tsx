// Saves an issue with all that is known of its time as one file, which another copy of the binary opens.
import { standsAt } from '../api/live';

export function SaveCapsule({ id }: { id: string }) {
  // One of a capsule has been saved.
  if (standsAt !== undefined) return null;
  return (
    <a className="text-link" href={`/api/capsule?${new URLSearchParams({ issue: id })}`} download title="One file with the traces, rollups, settings and notes of its time; fluoro open FILE shows it">
      Save as a capsule
    </a>
  );
}
