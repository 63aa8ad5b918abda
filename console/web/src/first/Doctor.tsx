// The newest inputs that were refused, each with the reason and what to do about it.
import type { Status } from '../api/generated/Status';
import { instant } from '../quantity';
import { remedyFor } from './remedy';

const SHOWN = 20;

export function Doctor({ status }: { status: Status }) {
  const refusals = status.recentRefusals.slice(0, SHOWN);
  return (
    <section className="doctor" aria-label="Not working?">
      <h2>Not working?</h2>
      {refusals.length === 0 ? (
        <p className="muted">Nothing was refused. What is refused shows here at once, with the reason.</p>
      ) : (
        <ul>
          {refusals.map((refusal, index) => (
            <li key={`${refusal.at} ${index}`}>
              <p>
                <span className="muted">{instant(refusal.at)}</span> <span className="tag">{refusal.door}</span> <strong>{refusal.reason}</strong>{' '}
                {refusal.detail}
              </p>
              {refusal.excerpt && <code className="excerpt">{refusal.excerpt}</code>}
              {remedyFor(refusal.reason) && <p className="remedy">{remedyFor(refusal.reason)}</p>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
