// The part of a name that people say: the queue of a queue's URL, the topic of a topic's ARN.
const LONGEST = 26;

export function spokenName(name: string): string {
  const url = /^https?:\/\/[^/]+\/(?:.*\/)?([^/]+)\/?$/.exec(name);
  if (url) return url[1]!;
  if (name.startsWith('arn:')) return name.split(/[:/]/).at(-1) || name;
  return name;
}

/** Short enough to stand below a node; both ends tell names apart, so the middle goes. */
export function shortName(name: string): string {
  const spoken = spokenName(name);
  return spoken.length <= LONGEST ? spoken : `${spoken.slice(0, LONGEST - 9)}…${spoken.slice(-8)}`;
}
