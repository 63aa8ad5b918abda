// A row that is clicked stays under the pointer, whatever the trace beside the list takes of the room above it.
import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react';

/** What is above the list can fold for so long after the width has changed: charts measure their frames. */
const SETTLES_MS = 400;

/** `shown` is the trace beside the list; the answer goes on what holds the list. */
export function useRowInPlace(shown: string | undefined): RefObject<HTMLDivElement | null> {
  const frame = useRef<HTMLDivElement>(null);
  const last = useRef<{ row: Element; top: number }>(undefined);
  // Where the row was, before anything moves.
  useEffect(() => {
    const element = frame.current;
    const note = ({ target }: Event) => {
      const row = target instanceof Element ? target.closest('.trace-table tbody tr') : null;
      last.current = row ? { row, top: row.getBoundingClientRect().top } : undefined;
    };
    element?.addEventListener('click', note, { capture: true });
    return () => element?.removeEventListener('click', note, { capture: true });
  }, []);
  useLayoutEffect(() => {
    const place = last.current;
    last.current = undefined;
    const element = frame.current;
    const scroller = element?.closest('main');
    if (!place || !element || !scroller) return;
    const keep = () => {
      const by = place.row.getBoundingClientRect().top - place.top;
      if (Math.abs(by) >= 1) scroller.scrollTop += by;
    };
    keep();
    const watch = new ResizeObserver(keep);
    watch.observe(element);
    const timer = window.setTimeout(() => watch.disconnect(), SETTLES_MS);
    return () => {
      watch.disconnect();
      window.clearTimeout(timer);
    };
  }, [shown]);
  return frame;
}
