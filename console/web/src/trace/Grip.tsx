// The left edge of the details, movable by pointer and by arrow keys.
import { useRef, type PointerEvent } from 'react';
import { prefer, usePreferences } from '../location/preference';

const NARROWEST = 320;
const WIDEST = 900;

export function Grip() {
  const { detailWidth } = usePreferences();
  const isDragging = useRef(false);
  const set = (width: number) => prefer({ detailWidth: Math.max(NARROWEST, Math.min(WIDEST, width)) });
  const onMove = (event: PointerEvent<HTMLDivElement>) => {
    if (isDragging.current) set(event.currentTarget.parentElement!.getBoundingClientRect().right - event.clientX);
  };
  return (
    <div
      className="grip"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label="Width of the details"
      aria-valuenow={detailWidth}
      aria-valuemin={NARROWEST}
      aria-valuemax={WIDEST}
      onPointerDown={(event) => {
        isDragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={onMove}
      onPointerUp={() => {
        isDragging.current = false;
      }}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft') set(detailWidth + 20);
        if (event.key === 'ArrowRight') set(detailWidth - 20);
      }}
    />
  );
}
