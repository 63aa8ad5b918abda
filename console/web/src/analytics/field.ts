// The names of the fields by which traces are compared, as people read them.
const NAMES: Record<string, string> = {
  url: 'URL',
  rawurl: 'URL as sent',
  method: 'Method',
  entrypoint: 'Entry point',
  service: 'Service',
  user: 'User',
  zone: 'Availability zone',
  instance: 'Instance',
  resource: 'Resource',
  account: 'Account',
  clientip: 'Client IP',
  useragent: 'User agent',
  status: 'Status',
  selftime: 'Longest own work (s)',
  exception: 'Exception',
  rootcause: 'Root cause of faults',
  errorcause: 'Root cause of errors',
  slowcause: 'Path of the time spent',
};

export function fieldName(field: string): string {
  if (field.startsWith('annotation.')) return `annotation ${field.slice('annotation.'.length)}`;
  if (field.startsWith('version.')) return `version of ${field.slice('version.'.length)}`;
  return NAMES[field] ?? field;
}

/** The filter without what only puts it into another order; a bare `!` in front of several conditions needs them enclosed. */
export function opposite(filter: string): string {
  return `!(${filter})`;
}

/** Percentage points with their sign: `+79`, `−12`, `0`. */
export function points(delta: number): string {
  const rounded = Math.round(delta * 100);
  if (rounded === 0) return Math.abs(delta) < 0.0005 ? '0' : delta > 0 ? '+<1' : '−<1';
  return rounded > 0 ? `+${rounded}` : `−${-rounded}`;
}
