// Single keys that work wherever no text is being typed.
import { useEffect, useRef } from 'react';

export type Shortcuts = Record<string, () => void>;

export function isTyping(event: KeyboardEvent): boolean {
  const field = (event.target as HTMLElement).closest('input, textarea, select, [contenteditable], [role="dialog"]');
  // The browser takes the focus off a dialog one frame after it is hidden; a key within that frame is not the dialog's.
  return field !== null && field.checkVisibility({ visibilityProperty: true });
}

export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  current.current = shortcuts;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event)) return;
      const act = current.current[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
