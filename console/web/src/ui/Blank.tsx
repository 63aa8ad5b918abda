// What stands where a list would be while it has no entries: why, and what to do next.
import type { ReactNode } from 'react';

interface BlankProps {
  title: string;
  children: ReactNode;
  actions?: ReactNode;
}

export function Blank({ title, children, actions }: BlankProps) {
  return (
    <div className="blank" role="status">
      <h2>{title}</h2>
      <div className="blank-text">{children}</div>
      {actions && <div className="blank-actions">{actions}</div>}
    </div>
  );
}
