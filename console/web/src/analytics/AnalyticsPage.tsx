// Two sets of traces side by side, and what differs between them.
import { useTitle } from '../app/useTabStatus';

export default function AnalyticsPage() {
  useTitle('Analytics');
  return (
    <div className="page">
      <h1>Analytics</h1>
    </div>
  );
}
