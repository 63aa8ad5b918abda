// Finds a trace id in whatever a person pastes: `1-8-24`, 32 hex digits, or an `X-Amzn-Trace-Id` header.
const XRAY = /\b1-([0-9a-f]{8})-([0-9a-f]{24})\b/i;
const W3C = /\b([0-9a-f]{8})([0-9a-f]{24})\b/i;

export function traceIdIn(text: string): string | undefined {
  const match = XRAY.exec(text) ?? W3C.exec(text);
  if (match === null) return undefined;
  return `1-${match[1]}-${match[2]}`.toLowerCase();
}
