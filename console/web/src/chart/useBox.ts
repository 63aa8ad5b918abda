// A box dragged over a picture by pointer; while it moves, the page holds still.
import { useRef, useState, type PointerEvent } from 'react';
import { hold } from '../api/live';

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Shorter drags are clicks, which clear the box. */
const LEAST = 4;

export function useBox(onEnd: (box: Box | undefined) => void) {
  const [box, setBox] = useState<Box>();
  const start = useRef<{ x: number; y: number; release: () => void }>(undefined);
  const place = (event: PointerEvent<Element>) => {
    const frame = event.currentTarget.getBoundingClientRect();
    return { x: Math.min(Math.max(event.clientX - frame.left, 0), frame.width), y: Math.min(Math.max(event.clientY - frame.top, 0), frame.height) };
  };
  const boxTo = ({ x, y }: { x: number; y: number }): Box => {
    const from = start.current!;
    return { left: Math.min(from.x, x), right: Math.max(from.x, x), top: Math.min(from.y, y), bottom: Math.max(from.y, y) };
  };
  return {
    box,
    handlers: {
      onPointerDown: (event: PointerEvent<Element>) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { ...place(event), release: hold('box') };
      },
      onPointerMove: (event: PointerEvent<Element>) => {
        if (start.current) setBox(boxTo(place(event)));
      },
      onPointerUp: (event: PointerEvent<Element>) => {
        if (!start.current) return;
        const drawn = boxTo(place(event));
        start.current.release();
        start.current = undefined;
        setBox(undefined);
        onEnd(drawn.right - drawn.left < LEAST && drawn.bottom - drawn.top < LEAST ? undefined : drawn);
      },
      onPointerCancel: () => {
        start.current?.release();
        start.current = undefined;
        setBox(undefined);
      },
    },
  };
}
