// What of a URL tells requests of one host apart.
/** Without scheme and host. */
export function pathOf(url: string): string {
  // Not by `URL`: it would rewrite what the client really sent.
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '') || '/';
}
