// A file that is dropped anywhere on the console, or chosen, is read here and looked at; nothing of it is stored.
import { useEffect, useRef, useState } from 'react';
import { go } from '../location/address';
import { notify } from '../ui/Notice';
import { holdFile } from './held';
import { tracesIn } from './read';
import './file.css';

/** Larger ones are for the command line. */
const MOST_BYTES = 64 << 20;

export async function openFile(given: File): Promise<void> {
  try {
    if (given.size > MOST_BYTES) throw new Error('Files of more than 64 MiB are not looked at here.');
    holdFile({ name: given.name, traces: tracesIn(await given.text()) });
    go('/file');
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error));
  }
}

export function DropFile() {
  const [isOver, setOver] = useState(false);
  const depth = useRef(0);
  useEffect(() => {
    const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const enter = (event: DragEvent) => {
      if (!hasFile(event)) return;
      depth.current += 1;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!hasFile(event)) return;
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setOver(false);
    };
    // Without this the browser would open the file in place of the console.
    const over = (event: DragEvent) => hasFile(event) && event.preventDefault();
    const drop = (event: DragEvent) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      const given = event.dataTransfer?.files[0];
      if (given) void openFile(given);
    };
    window.addEventListener('dragenter', enter);
    window.addEventListener('dragleave', leave);
    window.addEventListener('dragover', over);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragenter', enter);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('dragover', over);
      window.removeEventListener('drop', drop);
    };
  }, []);
  return isOver ? <p className="drop-hint">Drop the file to look at its traces. Nothing of it is stored.</p> : null;
}

/** The same for whoever has no mouse: asks the browser for a file. */
export function chooseFile(): void {
  const field = document.createElement('input');
  field.type = 'file';
  field.accept = '.json,.ndjson,.jsonl,application/json';
  field.onchange = () => {
    const given = field.files?.[0];
    if (given) void openFile(given);
  };
  field.click();
}
