// The traces in a file: answers of BatchGetTraces, whole or a line a trace, documents as they were sent, and lists of them.

export type FileTraces = Map<string, string[]>;

type Fields = Record<string, unknown>;

function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** Documents by the id of their trace, in the order of the file. Throws what to tell the reader. */
export function tracesIn(text: string): FileTraces {
  const traces: FileTraces = new Map();
  for (const value of valuesOf(text)) collect(value, traces);
  if (traces.size === 0) throw new Error('There are no segments in this file. It takes what BatchGetTraces answers, an export of this console, and segment documents.');
  return traces;
}

/** The whole as one JSON text, or a JSON text a line. */
function valuesOf(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line, index) => {
      try {
        return JSON.parse(line) as unknown;
      } catch {
        throw new Error(`This file is no JSON, and line ${index + 1} of it is none either.`);
      }
    });
  }
}

function collect(value: unknown, traces: FileTraces): void {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, traces);
    return;
  }
  // A document within JSON is a text.
  if (typeof value === 'string') {
    try {
      collect(JSON.parse(value), traces);
    } catch {
      // Text that is no document.
    }
    return;
  }
  const object = fields(value);
  if (!object) return;
  for (const name of ['Traces', 'Segments', 'Document', 'document', 'TraceSegmentDocuments']) if (object[name] !== undefined) collect(object[name], traces);
  const { trace_id: id, start_time: start, inferred } = object;
  // What was inferred is inferred again.
  if (typeof id !== 'string' || start === undefined || inferred === true) return;
  const key = id.toLowerCase();
  const list = traces.get(key);
  const document = JSON.stringify(object);
  if (list) list.push(document);
  else traces.set(key, [document]);
}
