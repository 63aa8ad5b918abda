// Whether a media query holds, for what a style sheet cannot do: another order, or other parts.
import { useSyncExternalStore } from 'react';

/** As the style sheets have them. */
export const PHONE = '(max-width: 560px)';
export const NARROW = '(max-width: 900px)';

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = window.matchMedia?.(query);
      list?.addEventListener('change', listener);
      return () => list?.removeEventListener('change', listener);
    },
    () => window.matchMedia?.(query)?.matches ?? false,
  );
}
