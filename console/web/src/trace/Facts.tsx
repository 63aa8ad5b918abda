// A list of names and values; each value can be copied, and filtered for where the language can say it.
import { go, linkTo } from '../location/address';
import { Copy } from '../app/Copy';
import type { Fact } from './document';

export function Facts({ facts }: { facts: Fact[] }) {
  return (
    <dl className="facts">
      {facts.map((fact) => (
        <div key={fact.name} className="fact">
          <dt>{fact.name}</dt>
          <dd>
            <span className="fact-value">{fact.value}</span>
            <span className="fact-tools">
              <Copy text={fact.value} what={fact.name} />
              {fact.filter && (
                <button
                  type="button"
                  className="copy"
                  title={`Traces with ${fact.filter}`}
                  aria-label={`Filter for ${fact.name}`}
                  onClick={() => go(linkTo('/traces', { filter: fact.filter }))}
                >
                  <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
                    <path d="M1.5 2.5h11L8.5 7.5v4l-3-1.5V7.5Z" fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinejoin="round" />
                  </svg>
                </button>
              )}
            </span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
