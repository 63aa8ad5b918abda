// The movable line between the tree and the bars, by pointer and by arrow keys.
import { useRef, type KeyboardEvent, type PointerEvent } from 'react';
import { prefer, usePreferences } from '../location/preference';
import './bar.css';

const LEAST = 0.15;
const MOST = 0.85;

export function Divider({ width }: { width: number }) {
  const { treeShare } = usePreferences();
  const isDragging = useRef(false);
  const set = (share: number) => prefer({ treeShare: Math.max(LEAST, Math.min(MOST, share)) });
  const onMove = (event: PointerEvent<HTMLDivElement>) => {
    if (!isDragging.current) return;
    const box = event.currentTarget.parentElement!.getBoundingClientRect();
    set((event.clientX - box.left) / box.width);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowLeft') set(treeShare - 0.02);
    else if (event.key === 'ArrowRight') set(treeShare + 0.02);
    else return;
    event.preventDefault();
  };
  return (
    <div
      className="divider"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label="Width of the names"
      aria-valuenow={Math.round(treeShare * 100)}
      aria-valuemin={LEAST * 100}
      aria-valuemax={MOST * 100}
      style={{ left: Math.round(width * treeShare) - 3 }}
      onPointerDown={(event) => {
        isDragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={onMove}
      onPointerUp={() => {
        isDragging.current = false;
      }}
      onKeyDown={onKey}
    />
  );
}
