// The newest inputs that were refused, each with the reason and what to do about it.
import type { Refusal } from '../api/generated/Refusal';
import { instant } from '../quantity';
import { remedyFor } from './remedy';

const SHOWN = 20;

export function RefusalList({ refusals }: { refusals: Refusal[] }) {
  return (
    <ul className="refusals">
      {refusals.slice(0, SHOWN).map((refusal, index) => (
        <li key={`${refusal.at} ${index}`}>
          <p>
            <span className="muted">{instant(refusal.at)}</span> <span className="tag">{refusal.door}</span> <strong>{refusal.reason}</strong> {refusal.detail}
          </p>
          {refusal.excerpt && <code className="excerpt">{refusal.excerpt}</code>}
          {remedyFor(refusal.reason) && <p className="remedy">{remedyFor(refusal.reason)}</p>}
        </li>
      ))}
    </ul>
  );
}
