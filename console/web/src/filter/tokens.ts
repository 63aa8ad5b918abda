// A filter's tree as the chips of the builder, and chips as a filter again. What does not fit is one chip with its whole text.
import type { FilterTree } from '../api/generated/FilterTree';

export interface Token {
  /** As it stands in the filter, without parentheses around it. */
  text: string;
  /** A group is joined by the other word; an expression is more than chips can show. */
  kind: 'condition' | 'group' | 'expression';
  /** The conditions of a group. */
  parts: string[];
}

export interface Tokens {
  join: 'and' | 'or';
  tokens: Token[];
}

const isSimple = (tree: FilterTree): boolean => tree.op === 'condition' || (tree.op === 'not' && tree.of[0]!.op === 'condition');

function tokenOf(tree: FilterTree): Token {
  if (isSimple(tree)) return { text: tree.text, kind: 'condition', parts: [] };
  const isGroup = (tree.op === 'and' || tree.op === 'or') && tree.of.every(isSimple);
  return isGroup ? { text: tree.text, kind: 'group', parts: tree.of.map((part) => part.text) } : { text: tree.text, kind: 'expression', parts: [] };
}

export function tokensOf(tree: FilterTree | null | undefined): Tokens {
  if (tree == null) return { join: 'and', tokens: [] };
  if (tree.op === 'and' || tree.op === 'or') return { join: tree.op, tokens: tree.of.map(tokenOf) };
  return { join: 'and', tokens: [tokenOf(tree)] };
}

/** Each in parentheses unless it surely is one condition, so that joining never changes what it means. */
export function printed({ join, tokens }: Tokens): string {
  if (tokens.length === 1) return tokens[0]!.text;
  const enclosed = ({ text, kind }: Token) => (kind === 'condition' ? text : `(${text})`);
  return tokens.map(enclosed).join(join === 'and' ? ' AND ' : ' OR ');
}
