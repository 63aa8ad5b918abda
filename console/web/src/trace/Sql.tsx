// A database query: what was asked first, then of whom.
import { Link } from 'wouter';
import { Copy } from '../ui/Copy';
import { selector } from '../filter/expression';
import { linkTo } from '../location/address';
import type { Span } from '../api/generated/Span';
import type { Fact } from './document';
import { Facts } from './Facts';

/** A query that is longer is found by its beginning. */
const MOST_WORDS = 12;

interface SqlProps {
  span: Span;
  /** The database, where nobody else speaks for it. */
  twin?: Span;
  facts: Fact[];
  onFind: (text: string) => void;
}

export function Sql({ span, twin, facts, onFind }: SqlProps) {
  const query = facts.find(({ name }) => name === 'sanitized_query')?.value;
  const rest = facts.filter(({ name }) => name !== 'sanitized_query');
  const of = twin && `edge(${selector(span.service, undefined)}, ${selector(twin.service, twin.type)})`;
  return (
    <>
      {query !== undefined && (
        <section className="query" aria-label="Query">
          <pre tabIndex={0}>{query}</pre>
          <p className="trace-facts">
            <Copy text={query} what="query" label="Copy" />
            {span.statement && (
              <button type="button" className="text-link plain" title="Mark every call in this trace that asked the same" onClick={() => onFind(wordsOf(span.statement!))}>
                Find this query
              </button>
            )}
            {of && (
              <Link className="text-link" href={linkTo('/traces', { filter: of })} title={of}>
                Traces in which {span.service} asks {twin.service}
              </Link>
            )}
          </p>
        </section>
      )}
      <Facts facts={rest} />
    </>
  );
}

function wordsOf(statement: string): string {
  return statement.split(' ').slice(0, MOST_WORDS).join(' ');
}
