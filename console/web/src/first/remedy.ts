// What to do about a refusal, by its reason; where a reason is not listed, the server's own words have to do.
const TWO_DATAGRAMS =
  'Header, line break and document belong into one datagram. The builtin printf of bash sends two at the line break: use `env printf`.';
const NEEDED = 'Each document needs name, id (16 hex digits), trace_id, start_time, and end_time unless in_progress is true.';
const BUSY = 'The server could not keep up. What came by UDP is lost; senders by HTTP are told to try again.';

const REMEDIES: Record<string, string> = {
  MissingHeader: TWO_DATAGRAMS,
  MissingDocument: TWO_DATAGRAMS,
  InvalidHeader: 'The first line is {"format":"json","version":1}, and nothing else.',
  ParseError: 'The document is not valid JSON in UTF-8, or a field has another type than X-Ray says. Times are numbers of seconds since 1970.',
  UnknownType: 'The type is `subsegment`, or absent for a segment.',
  MissingId: NEEDED,
  MissingName: NEEDED,
  MissingTraceId: NEEDED,
  MissingStartTime: NEEDED,
  MissingEndTime: NEEDED,
  InvalidId: 'An id has 16 hex digits, such as 53995c3f42cd8ad8.',
  InvalidParentId: 'A parent_id has 16 hex digits, such as 53995c3f42cd8ad8.',
  MissingParentId: 'A subsegment sent by itself names the segment it belongs to in parent_id.',
  InvalidName: 'A name has up to 200 letters, digits, spaces and the signs _ . : / % & # = + - @',
  InvalidTraceId: 'A trace id is 1, eight hex digits and 24 hex digits: 1-58406520-a006649127e371903a2de979.',
  InProgressSegmentHasEndTime: 'A segment that is in progress has no end_time yet.',
  InProgressSubsegmentHasEndTime: 'A subsegment that is in progress has no end_time yet.',
  queue_full: BUSY,
  digest_behind: BUSY,
  flush_behind: BUSY,
  disk_full: 'The disk of the server is full. Make room, or keep less with --retention-disk; it goes on by itself.',
  store_failed: 'The store could not write. The log of the server and the disk tell why.',
  oversized_body: 'A request may be so large and no larger; send fewer documents at once.',
  broken_encoding: 'The body is not what its Content-Encoding says.',
  cut_body: 'The connection ended before the whole body came.',
  not_json: 'The body is not JSON. PutTraceSegments takes {"TraceSegmentDocuments": ["..."]}, each document as a string.',
};

export function remedyFor(reason: string): string | undefined {
  return REMEDIES[reason];
}
