// What to do about a refusal, by its reason; an unknown reason is shown as the server worded it.
const REMEDIES: [RegExp, string][] = [
  [/header|newline|split|body/i, 'A datagram is the header line, a line break and one document, sent in one piece. The builtin printf of bash sends two; use `env printf`.'],
  [/json|parse|syntax|utf/i, 'The document is not valid JSON in UTF-8. Check quotes and commas.'],
  [/large|size|oversiz|too.?big|limit/i, 'A document may have 64 KB. Let the SDK stream subsegments earlier, or record less metadata.'],
  [/trace.?id/i, 'A trace id looks like 1-58406520-a006649127e371903a2de979: 1, eight hex digits, 24 hex digits.'],
  [/\bid\b|missing.?id/i, 'Each document needs `name`, `id` (16 hex digits), `trace_id` and `start_time`.'],
  [/time|old|future/i, 'Times are seconds since 1970 as a number; the clock of the sender may be wrong.'],
  [/full|busy|queue|drop/i, 'The server could not keep up and dropped what came by UDP. Send by HTTP to wait instead.'],
];

export function remedyFor(reason: string, detail: string): string | undefined {
  return REMEDIES.find(([pattern]) => pattern.test(reason) || pattern.test(detail))?.[1];
}
