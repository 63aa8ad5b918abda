// Serves the built console with made-up data: `node dev/server.mjs [port]`; `POST /dev/outage` breaks the shop, `/dev/mend` heals it.
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { graph, node, TRACE, traces } from './shop.mjs';
import { detail, failed, large } from './traces.mjs';

// Word for word what the real server sends, so that a violation shows here already.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const dist = new URL('../dist/', import.meta.url).pathname;
const port = Number(process.argv[2] ?? 2000);

let outage = process.argv.includes('--outage');
let hasData = !process.argv.includes('--empty');
let through = 1;

function status() {
  return {
    version: '0.1.0', listeners: { http: `127.0.0.1:${port}`, udp: `127.0.0.1:${port}` }, hasData, receivedDocuments: hasData ? 48_210 : 0,
    doors: [{ door: 'udp', documents: hasData ? 48_210 : 0 }], refused: [{ door: 'udp', reason: 'header', count: 1 }],
    recentRefusals: [{ at: Date.now() - 4000, door: 'udp', reason: 'header without body', detail: 'the datagram ends after the header; was it sent as two?', excerpt: '{"format":"json","version":1}' }],
    newestReceived: hasData ? Date.now() - 700 : null, store: { documents: 48_210, traces: 3100, bytesOnDisk: 9_400_000, damaged: [] },
  };
}

const big = large();
const traceOf = (id) => (id === TRACE ? failed() : id.startsWith('1-00000000') ? big : undefined);

function api(path, params) {
  if (path === '/api/status') return status();
  if (path === '/api/graph') return graph(outage);
  if (path === '/api/node') return node(outage, params.get('name'));
  if (path === '/api/traces') {
    const filter = params.get('filter') ?? '';
    return filter.includes('oops') ? undefined : traces(outage, filter);
  }
  const [, , , id, spans, span] = path.split('/');
  const trace = traceOf(id ?? '');
  if (trace && spans === 'spans') return detail(trace, span);
  return trace;
}

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1');
  const json = (body, code = 200) => {
    response.writeHead(code, { 'content-type': code < 400 ? 'application/json' : 'application/problem+json', 'x-amzn-requestid': 'dev-1' });
    response.end(JSON.stringify(body));
  };
  if (pathname === '/dev/outage') outage = true;
  if (pathname === '/dev/mend') outage = false;
  if (pathname === '/api/test-trace') hasData = true;
  if (pathname.startsWith('/dev/') || pathname === '/api/test-trace') {
    through += 1;
    return json({ traceId: TRACE });
  }
  if (pathname === '/api/live') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const tell = () =>
      response.write(`event: pulse\ndata: ${JSON.stringify({ through: (through += 1), at: Date.now(), lag: 312, receivedDocuments: 48_210 + through, refusedDocuments: 1 })}\n\n`);
    tell();
    const timer = setInterval(tell, 1000);
    return request.on('close', () => clearInterval(timer));
  }
  if (pathname === '/api/filter/parse') {
    let body = '';
    request.on('data', (part) => (body += part));
    return request.on('end', () => {
      const { expression } = JSON.parse(body);
      const position = expression.indexOf('oops');
      json(position < 0 ? { canonical: expression, error: null } : { canonical: null, error: { line: 1, position, message: "Unknown keyword: 'oops'" } });
    });
  }
  if (pathname.startsWith('/api/')) {
    const body = api(pathname, searchParams);
    return body ? json(body) : json({ type: 'about:blank', title: 'Not found', status: 404, detail: 'No such trace.', requestId: 'dev-1' }, 404);
  }
  const file = join(dist, pathname);
  const found = pathname !== '/' && existsSync(file) ? file : join(dist, 'index.html');
  response.writeHead(200, { 'content-type': TYPES[extname(found)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
  response.end(readFileSync(found));
}).listen(port, '127.0.0.1', () => process.stdout.write(`ready http=127.0.0.1:${port}\n`));
