// Which requests the SDKs record: the rules, and what they keep.
import { useTitle } from '../app/useTabStatus';

export default function SamplingPage() {
  useTitle('Sampling');
  return (
    <div className="page">
      <h1>Sampling</h1>
    </div>
  );
}
