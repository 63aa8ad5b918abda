// How this server stands: doors, refusals, storage, keys, and its API.
import { useTitle } from '../app/useTabStatus';

export default function SettingsPage() {
  useTitle('Settings');
  return (
    <div className="page">
      <h1>Settings</h1>
    </div>
  );
}
