// Over the bars the wheel with ctrl zooms around the pointer, as does a pinch; with shift, or sideways, it pans.
import { useEffect, useRef, type RefObject } from 'react';
import type { Shown } from './useShown';
import { panned, zoomed } from './zoom';

export function useWheelZoom(element: RefObject<HTMLDivElement | null>, shown: Shown): void {
  const current = useRef(shown);
  current.current = shown;
  useEffect(() => {
    const target = element.current;
    const onWheel = (event: WheelEvent) => {
      const { zoom, extent, setZoom } = current.current;
      const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (event.ctrlKey) {
        const bars = target?.querySelector('.waterfall-bars')?.getBoundingClientRect();
        if (!bars) return;
        const [from, to] = zoom ?? [0, extent];
        const at = Math.max(0, Math.min(1, (event.clientX - bars.left) / bars.width));
        setZoom(zoomed(zoom, extent, event.deltaY < 0 ? 'in' : 'out', from + at * (to - from)));
      } else if (event.shiftKey || isSideways) {
        setZoom(panned(zoom, extent, (event.deltaX || event.deltaY) < 0 ? -1 : 1));
      } else return;
      // React listens passively, where the page could not be kept from zooming as a whole.
      event.preventDefault();
    };
    target?.addEventListener('wheel', onWheel, { passive: false });
    return () => target?.removeEventListener('wheel', onWheel);
  }, [element]);
}
