// A made-up shop of twelve services for developing the console without a server; `outage` breaks one of them.
const CALLS = [
  ['client', 'shop-web', 412], ['shop-web', 'catalog', 380], ['shop-web', 'checkout', 96], ['shop-web', 'SpringBoot', 60],
  ['SpringBoot', 'SpringBoot2', 180], ['checkout', 'payment', 96], ['checkout', 'inventory', 96], ['checkout', 'orders-queue', 90],
  ['catalog', 'catalog-db', 760], ['catalog', 'sessions', 380], ['payment', 'ledger-db', 96], ['payment', 'api.stripe.test', 92],
  ['inventory', 'inventory-db', 192], ['mailer', 'mail.test', 80],
];
const NODES = {
  client: ['client', 'client', 0], 'shop-web': ['service', 'AWS::EC2::Instance', 84], catalog: ['service', 'AWS::ECS::Container', 41],
  checkout: ['service', 'AWS::ECS::Container', 612], payment: ['service', 'AWS::EKS::Container', 382], inventory: ['service', 'AWS::ECS::Container', 18],
  SpringBoot: ['service', 'AWS::EKS::Container', 143], SpringBoot2: ['service', 'AWS::EKS::Container', 36], mailer: ['service', 'AWS::Lambda::Function', 220],
  'catalog-db': ['aws', 'AWS::DynamoDB::Table', 6.2], 'ledger-db': ['aws', 'AWS::DynamoDB::Table', 9.4], sessions: ['remote', 'redis', 0.8],
  'inventory-db': ['remote', 'Database::SQL', 4.1], 'orders-queue': ['aws', 'AWS::SQS::Queue', 12], 'api.stripe.test': ['remote', 'remote', 231],
  'mail.test': ['remote', 'remote', 180],
};
const FAILING = { 'ledger-db': 0.33, payment: 0.33, checkout: 0.32, 'shop-web': 0.075 };

export const TRACE = '1-6b03b469-8ab3f2c1d4e5a6b7c8d9e0f1';

const minutes = 30;

function stats(total, base, bad = 0, error = 0.006) {
  const fault = Math.round(total * bad);
  const errors = Math.round(total * error);
  const throttle = base > 5 && base < 7 ? Math.round(total * 0.004) : 0;
  return {
    ok: total - fault - errors - throttle, error: errors, throttle, fault, total,
    average: base * 1.2, p50: base, p90: base * 2.3, p99: base * 6.1,
  };
}

export function graph(outage, now = Date.now(), rename = (name) => name) {
  const total = {};
  for (const [, to, perMinute] of CALLS) total[to] = (total[to] ?? 0) + perMinute * minutes;
  total.mailer = 80 * minutes;
  const id = (name) => `${rename(name)}~${NODES[name][1]}`;
  const nodes = Object.entries(NODES).map(([name, [role, type, base]]) => ({
    id: id(name), name: rename(name), type, account: null, role, isRoot: name === 'shop-web' || name === 'mailer',
    stats: role === 'client' ? stats(0, 0) : stats(total[name], base, outage ? (FAILING[name] ?? 0) : 0),
    lastSeen: name === 'mail.test' ? now - 400_000 : now - 700,
  }));
  const edges = [...CALLS, ['orders-queue', 'mailer', 80]].map(([from, to, perMinute]) => ({
    id: `${from}>${to}`, source: id(from), target: id(to), isLink: from === 'orders-queue', aliases: [],
    stats: stats(perMinute * minutes, NODES[to][2] * 1.1, outage && (FAILING[from] || from === 'client') ? (FAILING[to] ?? 0) : 0, 0.003),
  }));
  const start = Math.floor((now - minutes * 60_000) / 60_000) * 60_000;
  const series = Array.from({ length: minutes + 1 }, (_, index) => {
    const all = Math.round(412 + 60 * Math.sin(index / 4) + 30 * Math.sin(index * 1.7));
    const isOut = outage && index > 21;
    const fault = isOut ? Math.round(all * (0.18 + 0.05 * Math.sin(index))) : 0;
    const error = Math.round(all * 0.008);
    return { at: start + index * 60_000, ok: all - fault - error, error, throttle: index === 9 ? 12 : 0, fault };
  });
  const issues = outage
    ? [{
        id: 'i1', nodeId: id('ledger-db'), name: 'ledger-db', type: 'AWS::DynamoDB::Table', role: 'aws', witness: 'payment',
        exceptionName: 'ConditionalCheckFailedException', exceptionMessage: 'The conditional request failed',
        firstSeen: now - 8 * 60_000 - 12_000, lastSeen: now - 1500, failing: 412, total: 3100, users: 37, entry: 'POST /checkout',
        affected: [id('payment'), id('checkout'), id('shop-web')], example: TRACE,
        filter: 'rootcause.fault.entity { name = "ledger-db" }',
      }]
    : [];
  return { from: now - minutes * 60_000, to: now, now, nodes, edges, series, issues, traces: 3100 };
}

export function node(outage, name) {
  const all = graph(outage);
  const self = all.nodes.find((one) => one.name === name) ?? all.nodes[1];
  const byId = new Map(all.nodes.map((one) => [one.id, one]));
  const near = (edge, other) => ({ id: other, name: byId.get(other).name, type: byId.get(other).type, aliases: [], stats: edge.stats });
  const base = self.stats.p50;
  const histogram = Array.from({ length: 90 }, (_, index) => ({
    value: base * 0.3 * 1.045 ** index,
    count: Math.round(900 * Math.exp(-(((index - 28) / 12) ** 2)) + 110 * Math.exp(-(((index - 72) / 7) ** 2))),
  })).filter((bin) => bin.count > 0);
  return {
    node: self, histogram, series: all.series,
    callers: all.edges.filter((edge) => edge.target === self.id).map((edge) => near(edge, edge.source)),
    callees: all.edges.filter((edge) => edge.source === self.id).map((edge) => near(edge, edge.target)),
    exceptions: self.stats.fault === 0 ? [] : [
      { name: 'ConditionalCheckFailedException', message: 'The conditional request failed', count: 398, firstSeen: all.now - 492_000, lastSeen: all.now - 1500, example: TRACE },
      { name: 'SocketTimeout', message: 'Read timed out after 2000 ms', count: 14, firstSeen: all.now - 300_000, lastSeen: all.now - 20_000, example: TRACE },
    ],
    filter: `service(id(name: "${name}", type: "${self.type}"))`,
    traces: traces(outage).traces.slice(0, 12),
  };
}

export function traces(outage, filter = '') {
  const now = Date.now();
  const rows = Array.from({ length: 60 }, (_, index) => {
    const isCheckout = index % 3 === 0;
    const isBad = outage && isCheckout && index % 2 === 0;
    const path = isCheckout ? '/checkout' : index % 3 === 1 ? '/products/1482?lang=en' : '/<script>alert(1)</script>';
    const outcome = isBad ? 'fault' : index % 17 === 4 ? 'error' : 'ok';
    return {
      id: index === 0 ? TRACE : `1-6b03b4${(90 - index).toString(16)}-8ab3f2c1d4e5a6b7c8d9e0f1`, start: now - 900 - index * 1430,
      duration: 90 + ((index * 7919) % 400) + (isBad ? 1500 : 0), responseTime: 80 + ((index * 7919) % 400) + (isBad ? 1500 : 0),
      entryPoint: 'shop-web', method: isCheckout ? 'POST' : 'GET', url: `https://shop.example${path}`,
      status: isBad ? 500 : outcome === 'error' ? 404 : 200, clientIp: '198.51.100.7', outcome, isPartial: index === 5,
      users: index % 4 === 3 ? [] : [`u-${100 + ((index * 37) % 150)}`], origin: isBad ? 'ledger-db' : null,
      exception: isBad ? 'ConditionalCheckFailedException' : null,
      services: isCheckout ? ['shop-web', 'checkout', 'payment', 'ledger-db'] : ['shop-web', 'catalog', 'catalog-db'], segments: 4, annotations: 3,
    };
  });
  const slice = (value, count, fault, average) => ({
    value, filter: `http.url CONTAINS "${value}"`, count, share: count / 3100, ok: count - fault - 9, error: 9, throttle: 0, fault, average, p99: average * 4,
  });
  const bad = outage ? 398 : 0;
  return {
    traces: filter.includes('nothing') ? [] : rows,
    slices: filter.includes('nothing') ? [] : [
      slice('https://shop.example/products/*', 1640, 0, 61), slice('https://shop.example/checkout', 740, bad, 812),
      slice('https://shop.example/cart', 420, bad > 0 ? 14 : 0, 140), slice('https://shop.example/orders/*', 300, 0, 96),
    ],
    matched: filter.includes('nothing') ? 0 : 3100, scanned: 3100, complete: true, cursor: null, filter, newestReceived: now - 800,
  };
}
