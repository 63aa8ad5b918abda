// A list of names and values; each can be copied, filtered for, filtered out, and grouped by where the language can say it.
import { Copy } from '../ui/Copy';
import { go, linkTo } from '../location/address';
import { count } from '../quantity';
import type { Fact } from './document';

/** A browser lays out so much of one value without a pause. */
const MOST_SHOWN = 2_000;

const NO_WORD = 'The filter language has no word for this.';

export function Facts({ facts }: { facts: Fact[] }) {
  // Where nothing can be searched for, tools would only say so line by line.
  const isSearchable = facts.some((fact) => fact.filter !== undefined || fact.by !== undefined);
  return (
    <dl className="facts">
      {facts.map((fact) => (
        <div key={fact.name} className="fact">
          <dt>{fact.name}</dt>
          <dd>
            <span className="fact-value">
              {fact.value.slice(0, MOST_SHOWN)}
              {fact.value.length > MOST_SHOWN && <span className="muted"> … {count(fact.value.length - MOST_SHOWN)} characters more: copy to have all.</span>}
            </span>
            <span className="fact-tools">
              <Copy text={fact.value} what={fact.name} />
              {isSearchable && (
                <>
                  <Tool
                    label={`Filter for ${fact.name}`}
                    title={fact.filter && `Traces with ${fact.filter}`}
                    href={fact.filter && linkTo('/traces', { filter: fact.filter })}
                    glyph="M1.5 2.5h11L8.5 7.5v4l-3-1.5V7.5Z"
                  />
                  <Tool
                    label={`Filter out ${fact.name}`}
                    title={fact.filter && `Traces without ${fact.filter}`}
                    href={fact.filter && linkTo('/traces', { filter: `!(${fact.filter})` })}
                    glyph="M1.5 2.5h11L8.5 7.5v4l-3-1.5V7.5ZM1.5 12.5l11-11"
                  />
                  <Tool
                    label={`Group by ${fact.name}`}
                    title={fact.by && `All traces by ${fact.name}`}
                    href={fact.by && linkTo('/traces', { by: fact.by })}
                    glyph="M2 3.5h10M2 7h6M2 10.5h3"
                  />
                </>
              )}
            </span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Tool({ label, title, href, glyph }: { label: string; title?: string; href?: string; glyph: string }) {
  return (
    <button type="button" className="copy" aria-label={label} aria-disabled={href === undefined} title={title ?? NO_WORD} onClick={() => href !== undefined && go(href)}>
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
        <path d={glyph} fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinejoin="round" />
      </svg>
    </button>
  );
}
