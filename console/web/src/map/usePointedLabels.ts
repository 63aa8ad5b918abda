// Labels of the edges of the node under the pointer or the keyboard, shown without drawing the map again.
import { useEffect, type RefObject } from 'react';

export function usePointedLabels(frame: RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    const root = frame.current;
    if (root === null) return;
    let shown = '';
    const show = (id: string) => {
      if (id === shown) return;
      shown = id;
      for (const edge of root.querySelectorAll<SVGGElement>('.call-edge')) {
        edge.toggleAttribute('data-pointed', id !== '' && (edge.dataset.source === id || edge.dataset.target === id));
      }
    };
    const idOf = (target: EventTarget | null) => (target as Element | null)?.closest?.<HTMLElement>('[data-node]')?.dataset.node ?? '';
    const focused = () => (root.contains(document.activeElement) ? idOf(document.activeElement) : '');
    const onOver = (event: Event) => show(idOf(event.target) || focused());
    const onOut = () => show(focused());
    root.addEventListener('pointerover', onOver);
    root.addEventListener('pointerleave', onOut);
    root.addEventListener('focusin', onOver);
    root.addEventListener('focusout', onOut);
    return () => {
      root.removeEventListener('pointerover', onOver);
      root.removeEventListener('pointerleave', onOut);
      root.removeEventListener('focusin', onOver);
      root.removeEventListener('focusout', onOut);
    };
  }, [frame]);
}
