// Conditions that are watched, and who is told.
import { useTitle } from '../app/useTabStatus';

export default function AlarmsPage() {
  useTitle('Alarms');
  return (
    <div className="page">
      <h1>Alarms</h1>
    </div>
  );
}
