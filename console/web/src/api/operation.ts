// Operations of X-Ray's and CloudWatch's APIs as the console calls them, and the same call as commands for other clients.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiError, post } from './client';

export type Input = Record<string, unknown>;

/** Calls an operation with the console's own rights. */
export function callOperation<T>(name: string, input: Input, signal?: AbortSignal): Promise<T> {
  return post<T>(`/api/xray/${name}`, input, signal);
}

/** An operation on alarms. */
export function callCloudWatch<T>(name: string, input: Input, signal?: AbortSignal): Promise<T> {
  return post<T>(`/api/cloudwatch/${name}`, input, signal);
}

/** A change made by operations; what was fetched under these keys is stale afterwards. */
export function useChange<Variables>(change: (variables: Variables) => Promise<unknown>, stale: string[]) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => Promise.all(stale.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

/** `GetTraceSummaries` is `get-trace-summaries` on a command line. */
function dashed(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function awsCli(name: string, input: Input, command = 'xray', endpoint = window.location.origin): string {
  const json = Object.keys(input).length === 0 ? '' : ` \\\n  --cli-input-json ${shellQuoted(JSON.stringify(input))}`;
  return `aws ${command} ${dashed(name)} --endpoint-url ${endpoint}${json}`;
}

export function boto3(name: string, input: Input, endpoint = window.location.origin): string {
  const call = dashed(name).replaceAll('-', '_');
  const members = Object.entries(input).map(([member, value]) => `    ${member}=${python(value)},\n`);
  const given = members.length === 0 ? '' : `\n${members.join('')}`;
  return `import boto3\n\nxray = boto3.client("xray", endpoint_url=${JSON.stringify(endpoint)})\nprint(xray.${call}(${given}))\n`;
}

/** A JSON value as Python writes it. */
function python(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${python(one)}`).join(', ')}}`;
  }
  return JSON.stringify(value);
}

/** What X-Ray says of members that do not fit, by the member's name in small letters; `rest` is about none of them. */
export interface Complaint {
  byMember: Record<string, string>;
  rest?: string;
}

const VIOLATION = /Value .*? at '([^']*)' failed to satisfy constraint: (?:(?!; Value ).)*/g;

export function complaintOf(error: Error | null, members: string[]): Complaint {
  if (error === null) return { byMember: {} };
  const byMember: Record<string, string> = {};
  for (const [sentence, path] of error.message.matchAll(VIOLATION)) {
    const member = path!.split('.').find((part) => members.includes(part.toLowerCase()));
    if (member) byMember[member.toLowerCase()] = sentence;
  }
  const first = /^(?:Member )?([A-Za-z]+)\b/.exec(error.message)?.[1]?.toLowerCase();
  if (Object.keys(byMember).length === 0 && first && members.includes(first)) byMember[first] = error.message;
  return Object.keys(byMember).length > 0 ? { byMember } : { byMember, rest: error.message };
}

export function isForbidden(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 403;
}
