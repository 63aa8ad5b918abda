// Each page by itself: accessible in both themes, usable by keyboard, honest about errors, and never fooled by markup.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, openPage, withPage as onPage } from './browser.mjs';
import { hex, newTraceId, startServer } from './server.mjs';
import { broken, healthy, repeat } from './springboot.mjs';

const MARKUP = '<img src=x onerror=alert(1)><script>alert(2)</script>';
const ENOUGH = { timeout: 180_000 };

let browser;
let server;
const evil = newTraceId();

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await server.demo('--once');
  await server.send(repeat(4, broken));
  const end = Date.now() / 1000;
  await server.send([{
    id: hex(16), trace_id: evil, name: 'evil', start_time: end - 0.5, end_time: end, fault: true, user: MARKUP,
    http: { request: { method: 'GET', url: `http://evil.example/${MARKUP}`, user_agent: MARKUP }, response: { status: 500 } },
    annotations: { note: MARKUP }, metadata: { [MARKUP]: { deep: MARKUP } },
    cause: { exceptions: [{ id: hex(16), type: MARKUP, message: MARKUP, stack: [{ path: MARKUP, line: 1, label: MARKUP }] }] },
  }]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const withPage = (...test) => onPage(browser, ...test);

/** Until the server shows what was sent. */
async function openMap(page, query = '') {
  await page.goto(`${server.url}/${query}`);
  await page.locator('.service-node').first().waitFor();
}

for (const scheme of ['light', 'dark']) {
  test(`every page is accessible (${scheme})`, ENOUGH, () =>
    withPage(async (page, shot) => {
      await openMap(page);
      await assertAccessible(page, 'the map');
      await shot('map');
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      await assertAccessible(page, 'the help');
      await page.goto(`${server.url}/?view=table`);
      await page.getByRole('columnheader', { name: 'Called by' }).waitFor();
      await assertAccessible(page, 'the table twin');
      await shot('table');
      await page.goto(`${server.url}/traces`);
      await page.locator('.trace-table tbody tr').first().waitFor();
      await assertAccessible(page, 'the list of traces');
      await shot('traces');
      await page.goto(`${server.url}/traces/${evil}?pane=overview`);
      await page.getByRole('treegrid').waitFor();
      await page.locator('.fact').first().waitFor();
      await assertAccessible(page, 'a trace');
      await page.getByRole('link', { name: 'Raw JSON' }).click();
      await page.locator('.raw pre').waitFor();
      await assertAccessible(page, 'raw JSON');
    }, scheme));

  test(`the first run is accessible, explains refusals, and becomes the map (${scheme})`, ENOUGH, async () => {
    const empty = await startServer();
    try {
      await withPage(async (page, shot) => {
        await page.goto(empty.url);
        await page.getByRole('heading', { name: 'No traces yet' }).waitFor();
        await page.locator('.door code', { hasText: empty.udp }).first().waitFor();
        await empty.sendRaw('{"format":"json","version":1}\n{"name":');
        await page.locator('.doctor li').first().waitFor();
        await assertAccessible(page, 'the first run');
        await shot('first-run');
        const languages = page.getByRole('tablist', { name: 'OpenTelemetry by language' });
        await languages.getByRole('tab', { name: 'Java agent' }).focus();
        await page.keyboard.press('ArrowRight');
        await page.locator('.snippet pre', { hasText: 'opentelemetry-instrument' }).filter({ hasText: `OTEL_EXPORTER_OTLP_ENDPOINT=${empty.url}` }).waitFor();
        assert.match(page.url(), /otel=python/);
        await languages.getByRole('tab', { name: 'Collector' }).click();
        await page.locator('.snippet pre', { hasText: `endpoint: ${empty.url}` }).waitFor();
        await assertAccessible(page, 'the first run with the collector');
        await shot('first-run-otel');
        await page.getByRole('button', { name: 'Send a test trace for me' }).click();
        await page.locator('.service-node').first().waitFor();
        await page.locator('.toast', { hasText: 'Got test-shop' }).waitFor();
        await shot('first-trace');
        await page.getByRole('link', { name: 'Open trace' }).click();
        await page.waitForURL(/\/traces\/1-/);
      }, scheme);
    } finally {
      await empty.stop();
    }
  });
}

test('the shell snippet works as it is shown', ENOUGH, async () => {
  const empty = await startServer();
  try {
    await withPage(async (page) => {
      await page.goto(empty.url);
      const snippet = await page.locator('.snippet pre').first().innerText();
      const said = execFileSync('bash', ['-c', snippet], { encoding: 'utf8' });
      assert.match(said, /^sent 1-/);
      await page.getByRole('button', { name: /^hello, / }).waitFor();
    });
  } finally {
    await empty.stop();
  }
});

test('markup in a segment is text everywhere', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.goto(`${server.url}/traces?filter=${encodeURIComponent('service("evil")')}`);
    await page.locator('.trace-table tbody tr', { hasText: 'script' }).first().waitFor();
    await page.goto(`${server.url}/traces/${evil}`);
    for (const tab of ['Exceptions', 'Overview', 'Annotations', 'Metadata']) {
      await page.getByRole('tab', { name: new RegExp(`^${tab}`) }).click();
      await page.locator('.tab-panel', { hasText: '<script>alert(2)</script>' }).waitFor();
    }
    await shot('markup');
    assert.equal(await page.locator('img, main script').count(), 0);
  }));

test('the map can be walked by keyboard', ENOUGH, () =>
  withPage(async (page) => {
    await openMap(page);
    const start = page.locator('.node-target[tabindex="0"]');
    await start.focus();
    const from = await start.getAttribute('data-node');
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction((id) => document.activeElement?.getAttribute('data-node') !== id, from);
    await page.keyboard.press('Enter');
    await page.locator('.panel').waitFor();
    assert.match(page.url(), /sel=/);
    await page.keyboard.press('Escape');
    await page.locator('.panel').waitFor({ state: 'detached' });
    await page.keyboard.press('v');
    await page.getByRole('columnheader', { name: 'Called by' }).waitFor();
  }));

test('on a phone the bars are one row each, and what they have no room for is behind More', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${server.url}/settings`);
    const bar = page.getByRole('navigation', { name: 'Pages' });
    const here = bar.locator('summary[aria-current=page]', { hasText: 'Settings' });
    await here.waitFor();
    await assertAccessible(page, 'settings on a phone');
    const boxes = await bar.locator('.navigation-link').evaluateAll((links) => links.map((link) => link.getBoundingClientRect().toJSON()));
    assert.equal(new Set(boxes.map(({ top }) => top)).size, 1);
    assert.ok(boxes.every(({ left, right, bottom }) => left >= 0 && right <= 390 && bottom <= 844), 'all of it is on the screen');
    await here.click();
    await bar.getByRole('link', { name: 'Insights' }).waitFor();
    await assertAccessible(page, 'the other pages');
    await shot('phone');
    await bar.getByRole('button', { name: 'Help' }).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await here.click();
    await bar.getByRole('link', { name: 'Sampling' }).click();
    await page.waitForURL(/\/sampling/);
    await page.goto(`${server.url}/`);
    await page.locator('.service-node').first().waitFor();
    const { height } = await page.locator('.toolbar').boundingBox();
    assert.ok(height <= 56, `the bar on top is ${height} px high`);
    const map = await page.locator('.service-map').boundingBox();
    assert.ok(map.y < 220, `the map begins at ${map.y}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth));
    await assertAccessible(page, 'the map on a phone');
    await shot('phone-map');
  }));

test('a server that is gone is said to be gone, on pages that were never opened as well', ENOUGH, async () => {
  const gone = await startServer();
  await gone.send(repeat(2, healthy));
  const { page, close } = await openPage(browser, 'light', /ERR_CONNECTION|Failed to fetch|preload|EventSource|SpringBoot|React/);
  await page.goto(gone.url);
  await page.locator('.service-node').first().waitFor();
  await gone.stop();
  await page.locator('.live.is-offline', { hasText: /^Offline, \d+ s/ }).waitFor();
  assert.match(await page.title(), /^Offline/);
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Sampling' }).click();
  await page.getByText('The server does not answer').first().waitFor();
  await close();
});

test('a wrong filter is underlined where it is wrong, and the old rows stay', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.goto(`${server.url}/traces`);
    await page.locator('.trace-table tbody tr').first().waitFor();
    const field = page.getByRole('textbox', { name: 'Filter expression' });
    await field.fill('fault AND nonsense = 3');
    await page.locator('.filter-wrong').waitFor();
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    await shot('filter-wrong');
    await field.press('Enter');
    await page.getByRole('alert').waitFor();
    assert.ok((await page.locator('.trace-table tbody tr').count()) > 0);
  }, 'light', /400/));

test('a filter that matches nothing offers to drop a term', ENOUGH, () =>
  withPage(async (page) => {
    await page.goto(`${server.url}/traces?filter=${encodeURIComponent('fault AND service("no-such-service")')}`);
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
    await page.getByRole('button', { name: 'Drop' }).nth(1).click();
    await page.locator('.trace-table tbody tr').first().waitFor();
    assert.match(page.url(), /filter=fault(&|$)/);
  }));

test('grouping narrows the filter by a click', ENOUGH, () =>
  withPage(async (page) => {
    await page.goto(`${server.url}/traces?by=status`);
    await page.locator('.slices tbody button', { hasText: '500' }).click();
    await page.waitForURL(/filter=/);
    await page.locator('.trace-table tbody tr').first().waitFor();
    const statuses = await page.locator('.trace-table tbody td.number').allInnerTexts();
    assert.deepEqual([...new Set(statuses)], ['500']);
  }));

test('a pasted header and an old link open their trace', ENOUGH, () =>
  withPage(async (page) => {
    await openMap(page);
    await page.keyboard.press('/');
    await page.keyboard.insertText(`Root=${evil};Parent=53995c3f42cd8ad8;Sampled=1`);
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/traces/${evil}`));
    await page.goto(`${server.url}/xray/home?region=eu-west-1#/traces/${evil}`);
    await page.waitForURL(new RegExp(`/traces/${evil}`));
    await page.getByRole('treegrid').waitFor();
  }));

test('an unknown trace says so', ENOUGH, () =>
  withPage(async (page) => {
    await page.goto(`${server.url}/traces/${newTraceId()}`);
    await page.getByRole('heading', { name: 'This trace is not known' }).waitFor();
  }, 'light', /404/));

test('what is shown stands in the address, and the theme does not', ENOUGH, () =>
  withPage(async (page) => {
    await openMap(page);
    await page.keyboard.press('d');
    await page.waitForFunction(() => document.body.classList.contains('awsui-dark-mode'));
    await page.locator('.service-node').first().click();
    await page.waitForURL(/sel=/);
    assert.doesNotMatch(page.url(), /dark|theme/);
    await page.reload();
    await page.locator('.panel').waitFor();
    assert.ok(await page.evaluate(() => document.body.classList.contains('awsui-dark-mode')));
  }));
