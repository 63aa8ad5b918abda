// Rules for URLs while somebody edits them: a list in its order, each row with a key of its own.
import type { UrlTemplateRule } from '../api/generated/UrlTemplateRule';

export interface Row extends UrlTemplateRule {
  /** Stays with the row wherever it moves. */
  key: number;
}

export function rowsOf(rules: UrlTemplateRule[]): Row[] {
  return rules.map((rule, key) => ({ ...rule, key }));
}

export function rulesOf(rows: Row[]): UrlTemplateRule[] {
  return rows.map(({ service, path }) => ({ service: service.trim(), path: path.trim() }));
}

export function isSame(rows: Row[], rules: UrlTemplateRule[]): boolean {
  const now = rulesOf(rows);
  return now.length === rules.length && now.every(({ service, path }, place) => service === rules[place]!.service && path === rules[place]!.path);
}

export function withNew(rows: Row[]): Row[] {
  return [...rows, { service: '*', path: '', key: 1 + Math.max(-1, ...rows.map((row) => row.key)) }];
}

/** One place up or down; at the end of the list it stays. */
export function moved(rows: Row[], key: number, by: -1 | 1): Row[] {
  const from = rows.findIndex((row) => row.key === key);
  const to = from + by;
  if (from < 0 || to < 0 || to >= rows.length) return rows;
  const order = rows.toSpliced(from, 1);
  order.splice(to, 0, rows[from]!);
  return order;
}

/** Where a complaint of the server belongs: it names a rule by its number, and one of its fields. */
export function placeOf(complaint: string): { rule: number; field: 'service' | 'path'; text: string } | undefined {
  const [, number, field, text] = /^rule (\d+), (service|path)(?:, character \d+)?: (.*)$/.exec(complaint) ?? [];
  return number === undefined ? undefined : { rule: Number(number) - 1, field: field as 'service' | 'path', text: text! };
}
