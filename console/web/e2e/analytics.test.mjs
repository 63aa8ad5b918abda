// Two sets of traces compared, by mouse and by keyboard: what differs, the brushes, swapping, and a deployment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, openPage } from './browser.mjs';
import { hex, newTraceId, startServer } from './server.mjs';

const ENOUGH = { timeout: 180_000 };

let browser;
let server;

/** Version 1.8.2 fails, mostly for one tenant, and takes ten times as long. */
function request(number) {
  const isBad = number % 3 === 0;
  const end = Date.now() / 1000 - (number % 40);
  return {
    id: hex(16), trace_id: newTraceId(), name: 'payment', start_time: end - (isBad ? 1.8 : 0.12), end_time: end, fault: isBad,
    service: { version: isBad ? '1.8.2' : '1.8.1' },
    annotations: { tenant: isBad && number % 9 !== 0 ? 'acme' : 'globex', request: `r-${number}` },
    http: { request: { method: 'POST', url: `http://shop/orders/${number}` }, response: { status: isBad ? 500 : 200 } },
  };
}

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await server.send(Array.from({ length: 90 }, (_, number) => request(number)));
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function withAnalytics(query, run, scheme = 'light') {
  const { page, shot, close } = await openPage(browser, scheme);
  // Until everything that was sent is there.
  await page.goto(`${server.url}/analytics${query}`);
  await page.locator('.differences-table').first().waitFor();
  while (!(await page.locator('.sets-base').innerText()).includes('90')) {
    await page.getByRole('button', { name: 'Compare again' }).click();
    await page.waitForFunction(() => document.querySelector('.is-old') === null);
  }
  await run(page, shot);
  await close();
}

const param = (page, name) => new URL(page.url()).searchParams.get(name) ?? '';

for (const scheme of ['light', 'dark']) {
  test(`failures are compared to the rest, exactly, and the page is accessible (${scheme})`, ENOUGH, () =>
    withAnalytics('?a=fault', async (page, shot) => {
      assert.match(await page.locator('.sets-base').innerText(), /All 90 traces of the range, not a sample/);
      const version = page.locator('tbody', { hasText: 'version of payment' });
      assert.match((await version.getByRole('row', { name: /^1\.8\.2/ }).innerText()).replace(/\s+/g, ' '), /1\.8\.2 100 % 0 % \+100/);
      await page.locator('tbody', { hasText: 'annotation tenant' }).getByText('acme').waitFor();
      await page.locator('summary', { hasText: /^Lower priority: 1 field/ }).click();
      await page.locator('tbody', { hasText: 'annotation request' }).waitFor();
      await assertAccessible(page, 'analytics');
      await shot('analytics');
    }, scheme));
}

test('a brush over response times narrows A, by mouse and by keyboard', ENOUGH, () =>
  withAnalytics('?a=fault', async (page) => {
    const box = await page.locator('.chart .overlay').first().boundingBox();
    await page.mouse.move(box.x + box.width * 0.7, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 30);
    await page.mouse.move(box.x + box.width - 1, box.y + 30);
    await page.mouse.up();
    await page.getByRole('button', { name: 'Narrow A to these' }).waitFor();
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByRole('slider', { name: 'Response time, from' }).press('Shift+ArrowRight');
    await page.getByRole('button', { name: 'Narrow A to these' }).press('Enter');
    await page.waitForURL((url) => /^fault AND responsetime >= [\d.]+ AND responsetime < [\d.]+$/.test(url.searchParams.get('a') ?? ''));
  }));

test('a value narrows A or is excluded from it, and groups the list', ENOUGH, () =>
  withAnalytics('?a=fault', async (page) => {
    await page.getByRole('button', { name: 'Exclude annotation tenant acme from A' }).press('Enter');
    await page.waitForURL((url) => url.searchParams.get('a') === 'fault AND !(annotation.tenant = "acme")');
    await page.goBack();
    await page.getByRole('button', { name: 'Filter A for annotation tenant acme' }).click();
    await page.waitForURL((url) => url.searchParams.get('a') === 'fault AND annotation.tenant = "acme"');
    await page.goBack();
    await page.getByRole('button', { name: 'Group by version of payment' }).click();
    await page.waitForURL(/\/traces\?.*by=version.payment/);
    await page.locator('.slices tbody tr', { hasText: '1.8.2' }).waitFor();
  }));

test('a deployment is two sets by version, and they can be swapped', ENOUGH, () => {
  const version = (text) => `service("payment") { version = "${text}" }`;
  return withAnalytics(`?a=${encodeURIComponent(version('1.8.2'))}&b=${encodeURIComponent(version('1.8.1'))}`, async (page) => {
    assert.match(await page.locator('.set-figures').first().innerText(), /^30 traces/);
    await page.locator('h1').evaluate((heading) => heading.ownerDocument.activeElement?.blur());
    await page.keyboard.press('x');
    await page.waitForURL((url) => url.searchParams.get('a') === version('1.8.1'));
    assert.equal(param(page, 'b'), version('1.8.2'));
    await page.locator('.set-figures', { hasText: '60 traces' }).first().waitFor();
  });
});

test('a version is one press away from being checked against the other', ENOUGH, () =>
  withAnalytics('?a=fault', async (page) => {
    await page.getByRole('button', { name: 'Compare version of payment 1.8.2 vs 1.8.1' }).press('Enter');
    await page.waitForURL((url) => /1\.8\.2/.test(url.searchParams.get('a') ?? '') && /1\.8\.1/.test(url.searchParams.get('b') ?? ''));
    await page.locator('.set-figures', { hasText: '60 traces' }).waitFor();
  }));

test('B is everything else until it is chosen', ENOUGH, () =>
  withAnalytics('?a=fault', async (page) => {
    await page.getByRole('button', { name: 'Choose another set' }).click();
    await page.waitForURL((url) => url.searchParams.get('b') === '!fault');
    await page.getByRole('textbox', { name: 'Filter expression of B' }).waitFor();
    await page.getByRole('tab', { name: /^Traces in B/ }).click();
    await page.getByRole('link', { name: 'All 60 traces of B' }).waitFor();
  }));
