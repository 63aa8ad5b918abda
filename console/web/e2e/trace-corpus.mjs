// Traces for the trace page: a failed and a good checkout, one with many spans, one set off by three others, and one full of markup.
import { hex, newTraceId } from './server.mjs';

export const MARKUP = '<img src=x onerror=alert(1)><script>alert(2)</script>';
/** Text that turns around, rings, hides and breaks lines. */
export const CONTROLS = `\u202Eevil\u202C\u0007\u0000\u001b[31m\u200b\uFEFF\n\r\t${MARKUP}`;
/** Less than the 64 KB that a document may have. */
const SPANS_OF_DOCUMENT = 200;

const times = (start, from, to) => ({ start_time: start + from, end_time: start + to });

function put(start, from, to, status, extra = {}) {
  return {
    id: hex(16), name: 'ledger-db', namespace: 'aws', ...times(start, from, to),
    aws: { operation: 'PutItem', table_name: 'ledger', region: 'eu-west-1', request_id: hex(16) },
    http: { response: { status } }, ...(status >= 500 ? { fault: true } : {}), ...extra,
  };
}

/** A checkout that failed after a storm of retries; it called `fraud`, which sent nothing. */
export function failedCheckout(trace_id = newTraceId(), start = Date.now() / 1000 - 3) {
  const call = { payment: hex(16), auth: hex(16) };
  const exception = hex(16);
  const stack = [
    { path: 'payment/ledger.py', line: 88, label: 'charge' },
    { path: 'payment/app.py', line: 41, label: 'handle' },
  ];
  const cause = { working_directory: '/srv/payment', exceptions: [{ id: exception, type: 'ConditionalCheckFailedException', message: 'The conditional request failed', stack }] };
  return {
    id: trace_id,
    documents: [
      {
        id: hex(16), trace_id, name: 'checkout', origin: 'AWS::ECS::Container', ...times(start, 0, 1.83), fault: true, user: 'u-118',
        http: { request: { method: 'POST', url: 'https://shop.example.com/checkout', client_ip: '198.51.100.7', user_agent: 'shop/3.1' }, response: { status: 500, content_length: 213 } },
        annotations: { tenant: 'acme', items: 3, is_express: true }, metadata: { cart: { lines: [{ sku: 'a-1', amount: 2 }] } },
        aws: { account_id: '123456789012', ecs: { container: 'checkout-7f9', availability_zone: 'eu-west-1b' } }, service: { version: '2.4.0' },
        subsegments: [
          { id: hex(16), name: 'stock@db.internal', namespace: 'remote', ...times(start, 0.02, 0.09), sql: { url: 'jdbc:postgresql://db.internal:5432/stock', database_type: 'PostgreSQL', user: 'shop', sanitized_query: 'SELECT sku, amount FROM stock WHERE sku = ?' } },
          { id: call.payment, name: 'payment', namespace: 'remote', traced: true, ...times(start, 0.1, 1.8), fault: true, http: { request: { method: 'POST', url: 'http://payment/charge' }, response: { status: 500 } }, cause: exception },
        ],
      },
      {
        id: hex(16), trace_id, parent_id: call.payment, name: 'payment', origin: 'AWS::ECS::Container', ...times(start, 0.16, 1.74), fault: true,
        http: { request: { method: 'POST', url: 'http://payment/charge' }, response: { status: 500 } }, service: { version: '1.8.2' },
        subsegments: [
          { id: call.auth, name: 'auth', namespace: 'remote', traced: true, ...times(start, 0.17, 0.3), http: { request: { method: 'GET', url: 'http://auth/token' }, response: { status: 200 } } },
          { id: hex(16), name: 'fraud', namespace: 'remote', traced: true, ...times(start, 0.31, 0.36), http: { request: { method: 'POST', url: 'http://fraud/check' }, response: { status: 200 } } },
          { id: hex(16), name: 'write ledger', ...times(start, 0.37, 1.73), fault: true, cause, subsegments: [
            put(start, 0.38, 0.45, 500), put(start, 0.65, 0.72, 500), put(start, 1.12, 1.19, 500), put(start, 1.6, 1.72, 500),
          ] },
        ],
      },
      { id: hex(16), trace_id, parent_id: call.auth, name: 'auth', origin: 'AWS::EC2::Instance', ...times(start, 0.19, 0.28), http: { request: { method: 'GET', url: 'http://auth/token' }, response: { status: 200 } } },
      { id: hex(16), trace_id, name: 'mailer', parent_id: 'aaaaaaaaaaaaaaaa', start_time: start + 1.75, in_progress: true },
    ],
  };
}

/** The same request when all is well. */
export function goodCheckout(trace_id = newTraceId(), start = Date.now() / 1000 - 8) {
  const call = hex(16);
  return {
    id: trace_id,
    documents: [
      {
        id: hex(16), trace_id, name: 'checkout', origin: 'AWS::ECS::Container', ...times(start, 0, 0.42), user: 'u-7',
        http: { request: { method: 'POST', url: 'https://shop.example.com/checkout' }, response: { status: 200 } },
        subsegments: [
          { id: hex(16), name: 'stock@db.internal', namespace: 'remote', ...times(start, 0.02, 0.08), sql: { url: 'jdbc:postgresql://db.internal:5432/stock', sanitized_query: 'SELECT sku, amount FROM stock WHERE sku = ?' } },
          { id: call, name: 'payment', namespace: 'remote', traced: true, ...times(start, 0.1, 0.4), http: { response: { status: 200 } } },
        ],
      },
      {
        id: hex(16), trace_id, parent_id: call, name: 'payment', origin: 'AWS::ECS::Container', ...times(start, 0.12, 0.38), http: { response: { status: 200 } },
        subsegments: [{ id: hex(16), name: 'write ledger', ...times(start, 0.2, 0.37), subsegments: [put(start, 0.21, 0.3, 200)] }],
      },
    ],
  };
}

const SERVICES = ['cart', 'shipping', 'search', 'catalog', 'reviews', 'promo', 'profile', 'session', 'email', 'orders', 'price', 'stock'];

/** So many spans over many services; one of them calls a table 214 times, and three calls fail. */
export function manySpans(count, trace_id = newTraceId(), start = Date.now() / 1000 - 12) {
  const documents = [];
  const length = 10;
  const root = { id: hex(16), trace_id, name: 'gateway', ...times(start, 0, length), http: { request: { method: 'GET', url: 'https://shop.example.com/all' }, response: { status: 200 } }, subsegments: [] };
  documents.push(root);
  const loop = Array.from({ length: 214 }, (_, index) => put(start, 1 + index * 0.01, 1 + index * 0.01 + 0.003, index === 100 || index === 150 ? 500 : 200));
  root.subsegments.push({ id: hex(16), name: 'load rows', ...times(start, 1, 3.2), subsegments: loop });
  let made = 2 + loop.length * 2;
  const parts = Math.ceil((count - made) / SPANS_OF_DOCUMENT);
  for (let part = 0; part < parts; part += 1) {
    const name = SERVICES[part % SERVICES.length];
    const from = 3.3 + (part / parts) * 6.5;
    const span = 6.5 / parts;
    const call = hex(16);
    root.subsegments.push({ id: call, name, namespace: 'remote', traced: true, ...times(start, from, from + span) });
    const segment = { id: hex(16), trace_id, parent_id: call, name, ...times(start, from + span * 0.05, from + span * 0.95), subsegments: [] };
    made += 2;
    let holder = segment;
    for (let index = 0; index < SPANS_OF_DOCUMENT - 2 && made < count; index += 1, made += 1) {
      const at = from + span * (0.06 + (0.88 * index) / SPANS_OF_DOCUMENT);
      const isDeep = index % 20 !== 0;
      const isBad = part === Math.floor(parts * 0.7) && index === 77;
      const child = {
        id: hex(16), name: `${name} step ${index % 7}`, ...times(start, at, from + span * 0.94),
        ...(isBad ? { fault: true, cause: { exceptions: [{ id: hex(16), type: 'DeepException', message: 'far below', stack: [] }] } } : {}),
      };
      if (isDeep && index % 3 === 0) {
        holder.subsegments = [...(holder.subsegments ?? []), child];
        holder = child;
      } else {
        child.end_time = child.start_time + (span * 0.5) / SPANS_OF_DOCUMENT;
        holder.subsegments = [...(holder.subsegments ?? []), child];
      }
      if (index % 20 === 19) holder = segment;
    }
    documents.push(segment);
  }
  root.fault = true;
  return { id: trace_id, documents: split(documents, trace_id) };
}

/** A document may have 64 KB: what is nested in the root goes out as documents of its own. */
function split(documents, trace_id) {
  const [root, ...rest] = documents;
  const { subsegments, ...bare } = root;
  const parts = subsegments.flatMap((subsegment) => {
    const { subsegments: held = [], ...own } = subsegment;
    const one = { ...own, trace_id, parent_id: root.id, type: 'subsegment' };
    return [one, ...held.map((child) => ({ ...child, trace_id, parent_id: subsegment.id, type: 'subsegment' }))];
  });
  return [bare, ...parts, ...rest];
}

/** A consumer of three messages, which says which traces produced them, and one that it set off. */
export function linked(previous, next, trace_id = newTraceId(), start = Date.now() / 1000 - 2) {
  const links = [
    ...previous.map((id) => ({ trace_id: id, id: hex(16), attributes: { 'aws.xray.reserved.reference_type': 'parent' } })),
    ...next.map((id) => ({ trace_id: id, id: hex(16), attributes: { 'aws.xray.reserved.reference_type': 'child' } })),
  ];
  return { id: trace_id, documents: [{ id: hex(16), trace_id, name: 'worker', origin: 'AWS::Lambda::Function', ...times(start, 0, 0.4), links }] };
}

/** Markup and control characters in every field that takes text. */
export function hostile(trace_id = newTraceId(), end = Date.now() / 1000) {
  const text = CONTROLS;
  // Names may not hold more than this.
  const names = 'evil & co: %3Cb%3E';
  return {
    id: trace_id,
    documents: [{
      id: hex(16), trace_id, name: names, origin: text, start_time: end - 0.5, end_time: end, fault: true, user: text, resource_arn: text,
      http: { request: { method: MARKUP, url: `http://evil.example/${text}`, user_agent: text, client_ip: MARKUP }, response: { status: 500 } },
      service: { version: text }, aws: { account_id: text, region: text, ec2: { instance_id: text, availability_zone: text } },
      annotations: { note: text, [`odd ${MARKUP}`]: MARKUP }, metadata: { [MARKUP]: { [text]: text } },
      cause: { working_directory: text, paths: [text], exceptions: [{ id: hex(16), type: text, message: text, stack: [{ path: text, line: 1, label: text }] }] },
      subsegments: [
        { id: hex(16), name: 'db', namespace: 'remote', start_time: end - 0.4, end_time: end - 0.3, sql: { url: text, sanitized_query: text, database_type: text, user: text } },
        { id: hex(16), name: names, namespace: 'aws', start_time: end - 0.3, end_time: end - 0.2, aws: { operation: MARKUP, table_name: text }, traced: true },
      ],
    }],
  };
}

/** Through the X-Ray API, fifty documents a request as daemons do. */
export async function submit(url, { documents }) {
  for (let at = 0; at < documents.length; at += 50) {
    const body = JSON.stringify({ TraceSegmentDocuments: documents.slice(at, at + 50).map((document) => JSON.stringify(document)) });
    const response = await fetch(`${url}/TraceSegments`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answer = await response.json();
    if (!response.ok || answer.UnprocessedTraceSegments?.length > 0) throw new Error(`refused: ${JSON.stringify(answer).slice(0, 500)}`);
  }
}
