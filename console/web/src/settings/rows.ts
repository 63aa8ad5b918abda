// A list of rules while somebody edits it: in its order, each row with a key of its own.

/** The key stays with the row wherever it moves. */
export type Keyed<Rule> = Rule & { key: number };

export function keyed<Rule>(rules: Rule[]): Keyed<Rule>[] {
  return rules.map((rule, key) => ({ ...rule, key }));
}

export function withAnother<Rule>(rows: Keyed<Rule>[], rule: Rule): Keyed<Rule>[] {
  return [...rows, { ...rule, key: 1 + Math.max(-1, ...rows.map((row) => row.key)) }];
}

export function areAlike<Field extends string>(fields: readonly Field[], some: Record<Field, string>[], others: Record<Field, string>[]): boolean {
  return some.length === others.length && some.every((one, place) => fields.every((field) => one[field] === others[place]![field]));
}

export interface Complaint<Field extends string> {
  rule: number;
  field: Field;
  text: string;
}

/** Where a complaint of the server belongs: it names a rule by its number, and one of its fields. */
export function placeAmong<Field extends string>(fields: readonly Field[], complaint: string): Complaint<Field> | undefined {
  const [, number, field, text] = new RegExp(`^rule (\\d+), (${fields.join('|')})(?:, character \\d+)?: (.*)$`).exec(complaint) ?? [];
  return number === undefined ? undefined : { rule: Number(number) - 1, field: field as Field, text: text! };
}
