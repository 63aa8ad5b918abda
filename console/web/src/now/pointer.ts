// Whether the pointer moved, or what lies under it did: browsers tell of both with the same event.

interface Place {
  clientX: number;
  clientY: number;
}

let before: Place = { clientX: -1, clientY: -1 };
let here: Place = before;

window.addEventListener(
  'mousemove',
  ({ clientX, clientY }) => {
    before = here;
    here = { clientX, clientY };
  },
  { capture: true, passive: true },
);

/** Asked while a `mousemove` is handled: not, where a card slid under a pointer that stands still. */
export function isMoved(): boolean {
  return before.clientX !== here.clientX || before.clientY !== here.clientY;
}
