// What came from a file lives in this page's memory: the documents of each trace, and what the server made of them.
import { useSyncExternalStore } from 'react';
import type { SpanDetail } from '../api/generated/SpanDetail';
import type { TraceDetail } from '../api/generated/TraceDetail';
import type { Viewed } from '../api/generated/Viewed';
import type { FileTraces } from './read';

export interface OpenFile {
  name: string;
  traces: FileTraces;
}

let file: OpenFile | undefined;
const viewed = new Map<string, Viewed>();
const listeners = new Set<() => void>();

export function holdFile(next: OpenFile): void {
  file = next;
  viewed.clear();
  for (const listener of listeners) listener();
}

export function useFile(): OpenFile | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => file,
  );
}

export function holdViewed(one: Viewed): void {
  viewed.set(one.trace.summary.id, one);
}

/** Whether the address asks for the trace of the file, and it is there. */
export function isFromFile(id: string): boolean {
  return viewed.has(id) && new URLSearchParams(window.location.search).get('file') === '1';
}

export function traceOfFile(id: string): TraceDetail | undefined {
  return isFromFile(id) ? viewed.get(id)?.trace : undefined;
}

export function spanOfFile(id: string, span: string): SpanDetail | undefined {
  return isFromFile(id) ? viewed.get(id)?.spans.find((one) => one.id === span) : undefined;
}

export function refusedOfFile(id: string): string[] {
  return isFromFile(id) ? (viewed.get(id)?.refused ?? []) : [];
}
