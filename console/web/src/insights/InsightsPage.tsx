// Stretches of time in which something was wrong, and where it began.
import { useTitle } from '../app/useTabStatus';

export default function InsightsPage() {
  useTitle('Insights');
  return (
    <div className="page">
      <h1>Insights</h1>
    </div>
  );
}
