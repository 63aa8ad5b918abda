// Writes filter expressions; reading them is the server's job, so that there is one grammar.

/** A string of the filter language, with its two escapes. */
export function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

export function and(...terms: (string | null | undefined)[]): string {
  const given = terms.map((term) => term?.trim() ?? '').filter((term) => term !== '');
  if (given.length <= 1) return given[0] ?? '';
  // A term that holds an OR on its outside has to keep its own meaning.
  return given.map((term) => (/\bOR\b|\|\|/i.test(term) && !isEnclosed(term) ? `(${term})` : term)).join(' AND ');
}

function isEnclosed(term: string): boolean {
  return /^\([^()]*\)$/.test(term) || /^[\w.]+(\([^{}]*\))?\s*\{[^{}]*\}$/.test(term);
}

/** Milliseconds as the shortest decimal of seconds, rounded to a microsecond. */
export function seconds(ms: number): string {
  return String(Number((ms / 1000).toPrecision(4)));
}

export function selector(name: string, type?: string | null): string {
  return type == null || type === '' ? `id(name: ${quoted(name)})` : `id(name: ${quoted(name)}, type: ${quoted(type)})`;
}

export function responseTimeOfNode(name: string, type: string | null | undefined, fromMs: number, toMs: number): string {
  return `service(${selector(name, type)}) { responsetime >= ${seconds(fromMs)} AND responsetime <= ${seconds(toMs)} }`;
}

interface NamedNode {
  name: string;
  type?: string | null;
}

/** Calls from one node to another. */
export function edgeExpression(source: NamedNode, target: NamedNode): string {
  return `edge(${selector(source.name, source.type)}, ${selector(target.name, target.type)})`;
}
