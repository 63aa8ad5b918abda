// Something that opens below its button: Escape closes it, and so does whatever takes the focus elsewhere.
import { useRef, useState, type KeyboardEvent, type ReactNode } from 'react';

interface MenuProps {
  className: string;
  summary: ReactNode;
  label?: string;
  /** Made while it is open. */
  children: (close: () => void) => ReactNode;
}

export function Menu({ className, summary, label, children }: MenuProps) {
  const box = useRef<HTMLDetailsElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [isAtRight, setAtRight] = useState(false);
  const close = () => box.current?.removeAttribute('open');
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !box.current?.open) return;
    // The page has its own use of the key.
    event.preventDefault();
    event.stopPropagation();
    event.nativeEvent.stopImmediatePropagation();
    close();
    box.current?.querySelector('summary')?.focus();
  };
  return (
    <details
      ref={box}
      className={isAtRight ? `${className} is-at-right` : className}
      onKeyDown={onKeyDown}
      onBlur={({ currentTarget, relatedTarget }) => relatedTarget instanceof Node && !currentTarget.contains(relatedTarget) && close()}
      onToggle={({ currentTarget }) => {
        const { left } = currentTarget.getBoundingClientRect();
        setAtRight(left > window.innerWidth / 2);
        setOpen(currentTarget.open);
      }}
    >
      <summary aria-label={label}>{summary}</summary>
      {isOpen && children(close)}
    </details>
  );
}
