// Shown while the first answer is on its way.
import Spinner from '@cloudscape-design/components/spinner';

export function Loading({ label }: { label: string }) {
  return (
    <div className="loading" role="status">
      <Spinner /> <span>{label} …</span>
    </div>
  );
}
