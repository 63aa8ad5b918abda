// The one way to the server: JSON in, JSON out, and every failure as an `ApiError` that a person can act on.
import type { FilterProblem } from './generated/FilterProblem';
import type { Problem } from './generated/Problem';

export class ApiError extends Error {
  readonly status: number;
  readonly requestId?: string;
  readonly filter?: FilterProblem;
  readonly curl: string;

  constructor(status: number, message: string, curl: string, problem?: Partial<Problem>) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.curl = curl;
    this.requestId = problem?.requestId;
    this.filter = problem?.filter ?? undefined;
  }
}

export type Query = Record<string, string | number | null | undefined>;

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value != null && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Quotes for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function curlFor(url: string, body?: unknown): string {
  const absolute = new URL(url, window.location.href).href;
  const post = body === undefined ? '' : ` -H 'content-type: application/json' -d ${quoted(JSON.stringify(body))}`;
  return `curl -sS ${quoted(absolute)}${post}`;
}

export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const url = address(path, query);
  return answer<T>(url, curlFor(url), { signal });
}

export async function post<T>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
  return answer<T>(path, curlFor(path, body), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });
}

export async function put<T>(path: string, body: unknown): Promise<T> {
  return answer<T>(path, `${curlFor(path, body)} -X PUT`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

export async function remove<T>(path: string): Promise<T> {
  return answer<T>(path, `${curlFor(path)} -X DELETE`, { method: 'DELETE' });
}

/** Since when the server does not answer at all. */
let lost: number | undefined;

export function lostSince(): number | undefined {
  return lost;
}

async function answer<T>(url: string, curl: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers: { accept: 'application/json', ...init.headers } });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    lost ??= Date.now();
    throw new ApiError(0, 'The server does not answer. Is it running?', curl);
  }
  lost = undefined;
  const body = await response.text();
  if (response.ok) {
    try {
      return (body === '' ? undefined : JSON.parse(body)) as T;
    } catch {
      throw new ApiError(response.status, 'The server sent an answer that is not JSON.', curl);
    }
  }
  if (response.status === 401) {
    // The session is over, or there was none. It leads back to this page.
    window.location.assign(address('/signin', { next: window.location.pathname + window.location.search }));
  }
  throw problemOf(response, body, curl);
}

function problemOf(response: Response, body: string, curl: string): ApiError {
  let problem: Partial<Problem> = {};
  try {
    problem = JSON.parse(body) as Partial<Problem>;
  } catch {
    // Not a problem document: the status line has to do.
  }
  problem.requestId ??= response.headers.get('x-amzn-requestid') ?? undefined;
  // Operations of X-Ray's API write their errors in another form.
  const { Message, message: other } = problem as { Message?: string; message?: string };
  const message = problem.detail || problem.title || Message || other || `The server answered ${response.status} ${response.statusText}.`;
  return new ApiError(response.status, message, curl, problem);
}
