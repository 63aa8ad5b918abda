// Pictures of every page against the made-up shop, light and dark: `node dev/shots.mjs [name]`, into `test-output/`.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { LAUNCH } from '../e2e/browser.mjs';

const output = new URL('../test-output/', import.meta.url).pathname;
mkdirSync(output, { recursive: true });
const TRACE = '1-6b03b469-8ab3f2c1d4e5a6b7c8d9e0f1';
const PAGES = [
  ['now-clear', '/', []],
  ['now-outage', '/', ['--outage']],
  ['now-node', '/?sel=ledger-db~AWS::DynamoDB::Table', ['--outage']],
  ['now-latency', '/?sel=catalog~AWS::ECS::Container&tab=latency', ['--outage']],
  ['now-calls', '/?sel=checkout~AWS::ECS::Container&tab=calls', ['--outage']],
  ['now-table', '/?view=table', ['--outage']],
  ['traces', '/traces', ['--outage']],
  ['traces-wrong', '/traces?filter=fault AND oops', ['--outage']],
  ['traces-none', '/traces?filter=fault AND nothing', ['--outage']],
  ['trace', `/traces/${TRACE}`, ['--outage']],
  ['trace-large', '/traces/1-00000000-000000000000000000000000', []],
  ['trace-unknown', '/traces/1-11111111-000000000000000000000000', []],
  ['first', '/', ['--empty']],
];
const wanted = process.argv[2];
const browser = await chromium.launch(LAUNCH);
let port = 4100;
for (const [name, path, flags] of PAGES) {
  if (wanted && !name.startsWith(wanted)) continue;
  port += 1;
  const server = spawn('node', [new URL('./server.mjs', import.meta.url).pathname, String(port), ...flags]);
  await new Promise((resolve) => server.stdout.once('data', resolve));
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme });
    const page = await context.newPage();
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && console.log(name, message.type(), message.text()));
    page.on('pageerror', (error) => console.log(name, 'page error', error.message));
    await page.goto(`http://127.0.0.1:${port}${path}`);
    await page.waitForTimeout(1600);
    await page.screenshot({ path: `${output}dev-${name}-${colorScheme}.png` });
    await context.close();
  }
  server.kill();
}
await browser.close();
