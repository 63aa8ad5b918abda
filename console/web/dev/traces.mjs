// Made-up traces for developing the console: a failed checkout, and one of ten thousand spans.
import { TRACE, traces } from './shop.mjs';

const hex = (number) => number.toString(16).padStart(16, '0');

function span(id, parent, depth, kind, service, name, start, duration, rest = {}) {
  return {
    id: hex(id), parent, depth, kind, service, name, type: null, start, duration, outcome: 'ok', method: null, url: null, status: null,
    operation: null, exceptions: 0, annotations: 0, ...rest,
  };
}

const bad = (exceptions = 0, rest = {}) => ({ outcome: 'fault', status: 500, exceptions, ...rest });

export function failed() {
  const spans = [
    span(1, null, 0, 'segment', 'shop-web', 'shop-web', 0, 1830, bad(0, { method: 'POST', url: 'https://shop.example/checkout', type: 'AWS::EC2::Instance' })),
    span(2, 0, 1, 'subsegment', 'shop-web', 'session', 2, 14),
    span(3, 0, 1, 'subsegment', 'shop-web', 'checkout', 20, 1800, bad(0, { type: 'remote' })),
    span(4, 2, 2, 'segment', 'checkout', 'checkout', 24, 1790, bad(1, { method: 'POST', url: 'http://checkout/checkout' })),
    span(5, 3, 3, 'subsegment', 'checkout', 'inventory', 30, 60, { type: 'remote', status: 200 }),
    span(6, 4, 4, 'segment', 'inventory', 'inventory', 34, 52, { method: 'POST', url: 'http://inventory/reserve', status: 200 }),
    span(7, 5, 5, 'subsegment', 'inventory', 'inventory-db', 40, 12, { operation: 'SELECT' }),
    span(8, 5, 5, 'subsegment', 'inventory', 'inventory-db', 56, 22, { operation: 'UPDATE' }),
    span(9, 3, 3, 'subsegment', 'checkout', 'payment', 100, 1700, bad(0, { type: 'remote' })),
    span(10, 8, 4, 'segment', 'payment', 'payment', 106, 1688, bad(1, { method: 'POST', url: 'http://payment/charge' })),
    span(11, 9, 5, 'subsegment', 'payment', 'api.stripe.test', 120, 300, { type: 'remote', status: 200 }),
    ...[0, 1, 2].flatMap((attempt) => [
      span(20 + attempt * 2, 9, 5, 'subsegment', 'payment', 'DynamoDB', 440 + attempt * 430, 180, bad(1, { operation: 'PutItem', type: 'aws', status: 400 })),
      span(21 + attempt * 2, 11 + attempt * 2, 6, 'inferred', 'ledger-db', 'ledger-db', 446 + attempt * 430, 168, bad(0, { operation: 'PutItem', type: 'AWS::DynamoDB::Table', status: 400 })),
    ]),
    span(40, 3, 3, 'subsegment', 'checkout', '<script>alert("markup")</script>', 1802, null),
  ];
  return {
    summary: { ...traces(true).traces[0], id: TRACE, duration: 1830, responseTime: 1830, users: ['u-118'] },
    spans, missing: ['Subsegment `audit` says that its callee is traced, but no segment of it arrived.'], focus: hex(24), links: [],
  };
}

export function large(amount = 10_000) {
  const services = Array.from({ length: 24 }, (_, index) => `service-${index}`);
  const spans = [span(1, null, 0, 'segment', services[0], services[0], 0, 4000)];
  for (let index = 1; index < amount; index += 1) {
    const depth = 1 + ((index - 1) % 7);
    let parent = index - 1;
    while (spans[parent].depth !== depth - 1) parent -= 1;
    const service = services[(index * 7) % 24];
    spans.push(span(index + 1, parent, depth, depth % 2 ? 'subsegment' : 'segment', service, depth % 2 ? 'GetItem' : service, (index / amount) * 3900, 4 + ((index * 31) % 90), index % 977 === 0 ? bad(1) : {}));
  }
  return { summary: { ...traces(false).traces[1], duration: 4000, responseTime: 4000 }, spans, missing: [], focus: null, links: [] };
}

export function detail(trace, id) {
  const one = trace.spans.find((each) => each.id === id);
  const exceptions = one.exceptions === 0 ? [] : [
    {
      id: 'e1', type: 'ConditionalCheckFailedException', message: 'The conditional request failed', remote: true, truncated: 12, recordedAt: null,
      stack: [
        { path: 'payment/ledger.py', line: 88, label: 'charge' }, { path: 'payment/app.py', line: 41, label: 'handle' },
        { path: 'site-packages/flask/app.py', line: 1484, label: 'full_dispatch_request' },
      ],
    },
    { id: 'e2', type: 'PaymentFailed', message: 'could not write the ledger <b>entry</b>', remote: false, truncated: 0, recordedAt: trace.spans[9]?.id, stack: [{ path: 'payment/app.py', line: 60, label: 'charge' }] },
  ];
  return {
    id,
    document: {
      id, name: one.name, start_time: 1795000000.1, end_time: 1795000001.9, http: { request: { method: 'POST', url: 'http://payment/charge' }, response: { status: 500 } },
      annotations: { tenant: 'acme', version: '1.8.2', retries: 3 }, metadata: { default: { order: { id: 42, items: ['a', '<img src=x>'] }, debug: true } },
      aws: { operation: 'PutItem', table_name: 'ledger', region: 'eu-central-1' }, user: 'u-118', fault: one.outcome === 'fault',
    },
    segment: { origin: 'AWS::EKS::Container', aws: { eks: { pod: 'payment-7f9c', cluster_name: 'prod' } }, service: { version: '1.8.2' } },
    received: Date.now(), exceptions,
  };
}
