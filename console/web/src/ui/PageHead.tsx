// The head of a page of settings or lists: what it is, one sentence on it, and what can be done.
import type { ReactNode } from 'react';

interface PageHeadProps {
  title: string;
  /** How many of how many. */
  count?: string;
  children?: ReactNode;
  actions?: ReactNode;
}

export function PageHead({ title, count, children, actions }: PageHeadProps) {
  return (
    <header className="page-head">
      <div>
        <h1>
          {title} {count && <span className="page-count">{count}</span>}
        </h1>
        {children && <p>{children}</p>}
      </div>
      {actions && <div className="page-actions">{actions}</div>}
    </header>
  );
}
