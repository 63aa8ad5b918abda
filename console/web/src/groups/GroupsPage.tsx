// Named filter expressions that every page can be narrowed to.
import { useTitle } from '../app/useTabStatus';

export default function GroupsPage() {
  useTitle('Groups');
  return (
    <div className="page">
      <h1>Groups</h1>
    </div>
  );
}
