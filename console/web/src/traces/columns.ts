// The columns of the list of traces: those that can be chosen, and what each is called.
export interface Column {
  id: string;
  label: string;
  /** What the server sorts by. */
  sort?: string;
  isNumber?: boolean;
}

export const COLUMNS: Column[] = [
  { id: 'status', label: 'Status', sort: 'status', isNumber: true },
  { id: 'responsetime', label: 'Response time', sort: 'responsetime' },
  { id: 'duration', label: 'Duration', sort: 'duration', isNumber: true },
  { id: 'rootcause', label: 'Root cause' },
  { id: 'user', label: 'User' },
  { id: 'services', label: 'Services' },
  { id: 'entrypoint', label: 'Entry point' },
  { id: 'segments', label: 'Segments', sort: 'segments', isNumber: true },
  { id: 'clientip', label: 'Client IP' },
  { id: 'id', label: 'Trace id' },
];

const ANNOTATION = 'annotation.';

export function columnOf(id: string): Column | undefined {
  if (id.startsWith(ANNOTATION)) return { id, label: id.slice(ANNOTATION.length) };
  return COLUMNS.find((column) => column.id === id);
}

export function annotationsOf(ids: string[]): string[] {
  return ids.filter((id) => id.startsWith(ANNOTATION)).map((id) => id.slice(ANNOTATION.length));
}
