// Old links of the AWS console, so that a runbook only changes the host.
import { changed } from './address';

/** Where `#/traces/<id>`, `#/traces?filter=..` and `#/service-map?timeRange=..` lead here; nothing for other fragments. */
export function fromAws(hash: string): string | undefined {
  const match = /^#\/?(?:xray:)?\/?(traces|service-map)(?:\/([^/?]+))?[^?]*(?:\?(.*))?$/.exec(hash);
  if (match === null) return undefined;
  const [, page, id, query] = match;
  const params = new URLSearchParams(query ?? '');
  const range = params.get('timeRange');
  const filter = params.get('filter');
  if (page === 'traces' && id) return `/traces/${encodeURIComponent(decodeURIComponent(id))}`;
  if (page === 'traces') return `/traces${changed('', { range, filter })}`;
  return `/${changed('', { range })}`;
}
