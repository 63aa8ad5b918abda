// A picture's twin as a table. Its rows are made when it is opened: there may be a thousand that nobody asks for.
import { useState, type ReactNode } from 'react';
import './strip.css';

export function Twin({ title, children }: { title: string; children: () => ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="twin" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen && children()}
    </details>
  );
}
