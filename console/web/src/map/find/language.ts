// Find and hide speak the words of the filter language, about the nodes of the map: `fault > 5%`, `responsetime.p99 > 1`.
import type { SceneNode } from '../view/scene';
import { shareTerm, textTerm, timeTerm, type NodeTest } from './terms';

export type Parsed = { test: NodeTest } | { error: string };

/** For the menu beside the field. */
export const PRESETS: [label: string, expression: string][] = [
  ['Unhealthy', 'fault > 1% OR throttle > 1% OR error > 5%'],
  ['Slow', 'responsetime.p99 > 1'],
  ['Idle', 'rate = 0'],
  ['Uninstrumented', 'inferred'],
];

const TOKEN = /\s*("(?:\\.|[^"\\])*"|\(|\)|&&|\|\||!=|<=|>=|[!=<>]|[^\s()"!=<>&|]+)/y;
const COMPARATORS = ['=', '!=', '<', '<=', '>', '>=', 'CONTAINS', 'BEGINSWITH', 'ENDSWITH'];

/** What is not an expression is a part of a name, so that plain words find what people type. */
export function parseFind(text: string): Parsed | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (/^[\w.@:/-]+$/.test(trimmed) && !isKeyword(trimmed)) return { test: textTerm('name', 'CONTAINS', trimmed)! };
  try {
    const parser = new Parser(tokens(trimmed));
    return { test: parser.whole() };
  } catch (problem) {
    return { error: (problem as Error).message };
  }
}

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      if (text.slice(at).trim() === '') break;
      throw new Error(`Cannot read ${text.slice(at).trim()}`);
    }
    found.push(match[1]!);
  }
  return found;
}

const FLAGS: Record<string, NodeTest> = {
  inferred: (node) => node.role === 'aws' || node.role === 'remote',
  root: (node) => node.isRoot,
  client: (node) => node.role === 'client',
};
const SHARES = ['ok', 'error', 'throttle', 'fault'];
const TEXTS = ['name', 'type', 'account.id'];
const TIMES = ['responsetime', 'responsetime.avg', 'responsetime.p50', 'responsetime.p90', 'responsetime.p99'];

function isKeyword(word: string): boolean {
  const lower = word.toLowerCase();
  return lower in FLAGS || SHARES.includes(lower);
}

class Parser {
  #tokens: string[];

  constructor(all: string[]) {
    this.#tokens = all;
  }

  whole(): NodeTest {
    const test = this.#or();
    if (this.#tokens.length > 0) throw new Error(`Did not expect ${this.#tokens[0]}`);
    return test;
  }

  #take(...wanted: string[]): string | undefined {
    const next = this.#tokens[0];
    if (next === undefined || !wanted.includes(next.toUpperCase())) return undefined;
    return this.#tokens.shift()!.toUpperCase();
  }

  #or(): NodeTest {
    const members = [this.#and()];
    while (this.#take('OR', '||')) members.push(this.#and());
    return members.length === 1 ? members[0]! : (node) => members.some((test) => test(node));
  }

  #and(): NodeTest {
    const members = [this.#not()];
    while (this.#take('AND', '&&')) members.push(this.#not());
    return members.length === 1 ? members[0]! : (node) => members.every((test) => test(node));
  }

  #not(): NodeTest {
    if (this.#take('!', 'NOT')) {
      const test = this.#not();
      return (node) => !test(node);
    }
    if (this.#take('(')) {
      const test = this.#or();
      if (!this.#take(')')) throw new Error('A closing bracket is missing');
      return test;
    }
    return this.#term();
  }

  #term(): NodeTest {
    const word = this.#tokens.shift();
    if (word === undefined) throw new Error('Something is missing at the end');
    if (word.startsWith('"')) return textTerm('name', 'CONTAINS', unquoted(word))!;
    const keyword = word.toLowerCase();
    const comparator = this.#take(...COMPARATORS);
    if (comparator === undefined) {
      const flag = FLAGS[keyword] ?? (SHARES.includes(keyword) ? shareTerm(keyword, '>', '0') : undefined);
      if (flag) return flag;
      if (known(keyword)) throw new Error(`After ${word} comes a comparison, such as > 5`);
      return textTerm('name', 'CONTAINS', word)!;
    }
    const value = this.#tokens.shift();
    if (value === undefined) throw new Error(`After ${word} ${comparator} a value is missing`);
    const test = termFor(keyword, comparator, unquoted(value));
    if (test) return test;
    throw new Error(
      known(keyword)
        ? `${word} cannot be compared so: ${comparator} ${value}`
        : `${word} is no word of a map. There are name, type, account.id, ok, error, throttle, fault, rate, responsetime.p99, inferred and root`,
    );
  }
}

function known(keyword: string): boolean {
  return [...SHARES, ...TEXTS, ...TIMES, 'rate'].includes(keyword);
}

function termFor(keyword: string, comparator: string, value: string): NodeTest | undefined {
  if (SHARES.includes(keyword)) return shareTerm(keyword, comparator, value);
  if (TEXTS.includes(keyword)) return textTerm(keyword, comparator, value);
  if (TIMES.includes(keyword) || keyword === 'rate') return timeTerm(keyword, comparator, value);
  return undefined;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}

/** Ids of the nodes that are meant. */
export function matching(nodes: readonly SceneNode[], test: NodeTest, windowMs: number): Set<string> {
  return new Set(nodes.filter((node) => test(node, windowMs)).map((node) => node.id));
}
