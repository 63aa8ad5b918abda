// Many traces as one tree, who kept clients waiting, and what if a call were faster: by mouse and by keyboard.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, withPage } from './browser.mjs';
import { hex, newTraceId, startServer } from './server.mjs';

const ENOUGH = { timeout: 180_000 };
const VISITS = 90;

let browser;
let server;

/** The shop asks its stock and then a bank, which takes long and fails in every third visit. */
function visit(number) {
  const isBad = number % 3 === 0;
  const trace_id = newTraceId();
  const seconds = isBad ? 0.8 : 0.3;
  const start = Date.now() / 1000 - (number % 40) - 2;
  const call = (name, from, to, fault) => ({ id: hex(16), name, namespace: 'remote', start_time: start + from, end_time: start + to, fault });
  return {
    id: hex(16), trace_id, name: 'shop', start_time: start, end_time: start + 0.2 + seconds, fault: isBad,
    http: { request: { method: 'GET', url: `http://shop/orders/${number}` }, response: { status: isBad ? 500 : 200 } },
    subsegments: [call('stock', 0.05, 0.15, false), call('bank', 0.2, 0.2 + seconds, isBad)],
  };
}

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await server.send(Array.from({ length: VISITS }, (_, number) => visit(number)));
  // All pages fix their time when they open, so everything is there before.
  for (;;) {
    const now = Date.now();
    const answer = await fetch(`${server.url}/api/critical-path`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ from: now - 1_800_000, to: now + 1000 }),
    });
    if ((await answer.json()).traces === VISITS) return;
  }
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const row = (page, text) => page.locator('.tree-table tbody tr').filter({ has: page.locator('th', { hasText: text }) });
const words = async (locator) => (await locator.innerText()).replace(/\s+/g, ' ');

for (const scheme of ['light', 'dark']) {
  test(`two sets are one tree that says what differs and where (${scheme})`, ENOUGH, () =>
    withPage(browser, async (page, shot) => {
      await page.goto(`${server.url}/analytics?a=fault&view=tree`);
      await row(page, 'bank').waitFor();
      assert.match(await words(page.locator('.tree-findings')), /bank fails in 100 % of the traces of A that pass it, and in 0 % of B\./);
      assert.match(await words(row(page, 'bank')), /100 % 0 % \+100 pp.* 800 ms 300 ms \+500 ms/);
      assert.equal(await row(page, 'stock').locator('.tree-real').count(), 0);
      await assertAccessible(page, 'the call tree');
      await shot('tree-pair');
      await page.getByRole('checkbox', { name: /A alone/ }).check();
      await page.getByText('Most errors arise in bank: 100 %').waitFor();
      assert.match(await words(row(page, 'shop')), /GET \/orders\/\{id\} 100 % 30 100 % – /);
      await assertAccessible(page, 'the call tree of one set');
      await shot('tree-alone');
    }, scheme));

  test(`who kept clients waiting, and what if they were faster (${scheme})`, ENOUGH, () =>
    withPage(browser, async (page, shot) => {
      await page.goto(`${server.url}/critical-path`);
      await page.getByText(`All ${VISITS} requests of the range`).waitFor();
      const bank = page.locator('.path-edges tbody tr', { hasText: 'shop → bank' });
      assert.match(await words(bank), /60 % 60 % 0 % 80 % 80 % 0 %/);
      await page.getByRole('button', { name: 'What if shop → bank were faster' }).click();
      await page.getByText('100 ms faster').first().waitFor();
      const entry = page.locator('.path-entries tbody tr');
      await entry.filter({ hasText: '400 ms (−100 ms)' }).waitFor();
      assert.match(await words(entry), /GET \/orders\/\{id\} 90 500 ms 400 ms \(−100 ms\) 1 s 900 ms \(−100 ms\)/);
      await page.getByRole('slider', { name: 'How much faster' }).press('Home');
      await page.getByText('as fast as they are').first().waitFor();
      await entry.filter({ hasText: 'the same' }).waitFor();
      assert.equal(new URL(page.url()).searchParams.get('faster'), '0');
      await assertAccessible(page, 'the critical path');
      await shot('critical-path');
    }, scheme));
}

test('edges of the map are as wide as the time that passes through them', ENOUGH, () =>
  withPage(browser, async (page, shot) => {
    await page.goto(`${server.url}/`);
    await page.getByRole('combobox', { name: 'Width of edges' }).selectOption('p50');
    await page.locator('.map-legend', { hasText: `of ${VISITS} requests` }).waitFor();
    const line = (target) => page.locator(`.call-edge[data-target^="${target}"] .edge-line`);
    await page.waitForFunction(() => Number(document.querySelector('.call-edge[data-target^="bank"] .edge-line')?.getAttribute('stroke-width')) > 8);
    const width = async (target) => Number(await line(target).getAttribute('stroke-width'));
    assert.ok((await width('shop')) > (await width('bank')) && (await width('bank')) > 2 * (await width('stock')));
    assert.equal(new URL(page.url()).searchParams.get('edges'), 'p50');
    await shot('map-by-time');
  }));

test('a tree is folded, and leads to a trace that failed', ENOUGH, () =>
  withPage(browser, async (page) => {
    await page.goto(`${server.url}/analytics?a=fault`);
    await page.getByRole('tab', { name: 'Call tree' }).click();
    await row(page, 'bank').waitFor();
    await page.getByRole('button', { name: 'What shop GET /orders/{id} asks' }).press('Enter');
    await row(page, 'bank').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'What shop GET /orders/{id} asks' }).press('Enter');
    await row(page, 'bank').getByRole('link', { name: 'Newest failing trace in bank' }).click();
    await page.waitForURL(/\/traces\/1-/);
  }));
