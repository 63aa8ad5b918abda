// The text of a field once more behind it, invisible but for the line under what is wrong.
import type { FilterProblem } from '../api/generated/FilterProblem';

export function Underlined({ text, problem }: { text: string; problem?: FilterProblem }) {
  if (problem === undefined) return null;
  const [start, end] = wrongPart(text, problem);
  return (
    <div className="filter-mirror" aria-hidden="true">
      {text.slice(0, start)}
      <span className="filter-wrong">{text.slice(start, end) || '\u00a0'}</span>
      {text.slice(end)}
    </div>
  );
}

/** Positions count from zero, as X-Ray's do: from there to the end of the word that stands there. */
export function wrongPart(text: string, problem: FilterProblem): [number, number] {
  const lines = text.split('\n');
  const before = lines.slice(0, problem.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const start = Math.min(text.length, before + Math.max(0, problem.position));
  const word = /^(?:"[^"]*"?|[\w.]+|\S)/.exec(text.slice(start));
  return [start, start + (word?.[0].length ?? 1)];
}
