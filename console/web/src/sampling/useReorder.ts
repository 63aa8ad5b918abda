// Moving a row of a list: by dragging its handle, or by keys, with what happens said aloud.
import { useState, type DragEvent, type KeyboardEvent } from 'react';

interface Moving {
  name: string;
  from: number;
  at: number;
  /** Moved by keys; it stays held until it is put down. */
  isByKeys: boolean;
}

/** `onMove` gets the new order. Names of the rows in their order. */
export function useReorder(names: string[], onMove: (order: string[], moved: string) => void) {
  const [moving, setMoving] = useState<Moving>();
  const [said, say] = useState('');
  const order = moving ? placed(names, moving) : names;

  const drop = () => {
    if (moving && moving.at !== moving.from) {
      onMove(order, moving.name);
      say(`${moving.name} is now number ${moving.at + 1}.`);
    }
    setMoving(undefined);
  };

  const handle = (name: string) => ({
    draggable: true,
    'aria-pressed': moving?.name === name && moving.isByKeys,
    onDragStart: (event: DragEvent) => {
      event.dataTransfer.effectAllowed = 'move';
      event.dataTransfer.setData('text/plain', name);
      const from = names.indexOf(name);
      setMoving({ name, from, at: from, isByKeys: false });
    },
    onDragEnd: () => setMoving(undefined),
    onBlur: () => moving?.isByKeys && setMoving(undefined),
    onKeyDown: (event: KeyboardEvent) => {
      const from = names.indexOf(name);
      const isHeld = moving?.name === name && moving.isByKeys;
      if (event.key === ' ' || event.key === 'Enter') {
        event.preventDefault();
        if (isHeld) return drop();
        setMoving({ name, from, at: from, isByKeys: true });
        say(`${name} is held at number ${from + 1} of ${names.length}. Move it with the arrow keys, put it down with Enter, or press Escape.`);
        return;
      }
      if (!isHeld) return;
      if (event.key === 'Escape') {
        event.stopPropagation();
        setMoving(undefined);
        say(`${name} stays where it was.`);
      }
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      const at = Math.min(names.length - 1, Math.max(0, moving.at + by));
      setMoving({ ...moving, at });
      say(`Number ${at + 1}.`);
    },
  });

  const row = (name: string) => ({
    onDragOver: (event: DragEvent) => {
      if (moving === undefined || moving.isByKeys) return;
      event.preventDefault();
      const at = names.indexOf(name);
      if (at >= 0 && at !== moving.at) setMoving({ ...moving, at });
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      drop();
    },
  });

  return { order, moving: moving?.name, said, handle, row };
}

function placed(names: string[], { name, at }: Moving): string[] {
  const order = names.filter((one) => one !== name);
  order.splice(at, 0, name);
  return order;
}
