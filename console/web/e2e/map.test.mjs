// The map at 60, 250 and 2,000 services, by pointer and by keyboard: find, hide, focus, boxes, replay, export, table twins.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, openPage } from './browser.mjs';
import { sendFleet } from './fleet.mjs';
import { hex, newTraceId, startServer } from './server.mjs';

const ENOUGH = { timeout: 240_000 };

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await sendFleet(server.url, 60, { rounds: 4, failing: [0] });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const nodeOf = (page, name) => page.getByRole('button', { name: new RegExp(`^${name},`) });

async function withMap(query, run, { url = server.url, scheme = 'light' } = {}) {
  const { page, shot, close } = await openPage(browser, scheme);
  await page.goto(`${url}/?${query}`);
  await page.locator('.service-node').first().waitFor();
  await run(page, shot);
  await close();
}

test('words of the filter language find nodes, and a mistake is told', ENOUGH, () =>
  withMap('', async (page, shot) => {
    const find = page.getByRole('searchbox', { name: 'Find on the map' });
    await find.fill('fault > 5%');
    await page.locator('.map-bar-count', { hasText: /[1-9] matches/ }).waitFor();
    await page.waitForURL(/find=fault/);
    assert.ok((await page.locator('.service-node.is-dimmed').count()) > 40);
    await shot('map-find');
    await find.fill('colour = "red"');
    await page.getByRole('alert').filter({ hasText: 'no word of a map' }).waitFor();
    await find.fill('payments-svc9');
    await find.press('Shift+Enter');
    await page.getByRole('combobox', { name: 'Depth of the focus' }).waitFor();
    await nodeOf(page, 'payments-svc4').waitFor();
    assert.equal(await nodeOf(page, 'search-api').count(), 0);
  }));

test('what is hidden is counted, and one press brings it back', ENOUGH, () =>
  withMap(`hide=${encodeURIComponent('name BEGINSWITH "payments"')}`, async (page) => {
    await page.getByText('10 nodes hidden').waitFor();
    assert.equal(await nodeOf(page, 'payments-api').count(), 0);
    await page.getByRole('button', { name: /10 nodes hidden/ }).click();
    await nodeOf(page, 'payments-api').waitFor();
  }));

test('by keyboard alone: to the worst node, along its path, into focus and back', ENOUGH, () =>
  withMap('', async (page) => {
    const worst = page.locator('.node-target[tabindex="0"]');
    await worst.waitFor();
    assert.match(await worst.getAttribute('aria-label'), /fault/);
    await worst.focus();
    await page.keyboard.press('ArrowLeft');
    const here = () => page.evaluate(() => document.activeElement.getAttribute('data-node'));
    const caller = await here();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('sel') === caller);
    await page.keyboard.press('p');
    await page.waitForURL((url) => url.searchParams.get('sel').startsWith('payments-svc9'));
    await page.getByRole('navigation', { name: 'Fault path' }).waitFor();
    await page.keyboard.press('f');
    await page.waitForURL(/focus=2/);
    await page.waitForFunction(() => document.querySelectorAll('.service-node').length < 20);
    await page.locator('.node-target[tabindex="0"]').focus();
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.searchParams.has('focus'));
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.searchParams.has('sel'));
    await page.keyboard.press('v');
    await page.getByRole('table', { name: 'Services' }).waitFor();
  }));

test('pointing at a node shows the labels of its edges', ENOUGH, () =>
  withMap('', async (page) => {
    await nodeOf(page, 'gateway').hover();
    await page.waitForFunction(() => document.querySelectorAll('.call-edge[data-pointed]').length > 3);
    const label = page.locator('.call-edge[data-pointed][data-target^="search-api"] .edge-label');
    assert.equal(await label.evaluate((text) => getComputedStyle(text).visibility), 'visible');
    assert.match(await label.textContent(), /ms · .*t\/min/);
  }));

test('a connection has a panel with the filter that finds its calls', ENOUGH, () =>
  withMap('', async (page) => {
    await page.locator('.call-edge[data-source^="gateway"][data-target^="payments-api"] .edge-hit').dispatchEvent('click');
    await page.getByRole('complementary', { name: 'Connection from gateway to payments-api' }).waitFor();
    await page.getByRole('button', { name: 'Failing calls' }).click();
    await page.waitForURL(/\/traces\?/);
    assert.match(new URL(page.url()).searchParams.get('filter'), /^edge\(id\(name: "gateway".*\), id\(name: "payments-api".*\)\) \{ fault \}$/);
  }));

test('the map is saved as SVG, PNG, JSON and DOT, by keyboard', ENOUGH, () =>
  withMap('', async (page) => {
    const save = async (name) => {
      await page.getByRole('button', { name: 'Save or copy the map' }).press('Enter');
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name }).press('Enter')]);
      return readFile(await download.path());
    };
    const svg = (await save('Save as SVG')).toString();
    assert.match(svg, /^<svg/);
    assert.ok(svg.includes('payments-svc9') && !svg.includes('var(--'));
    assert.deepEqual([...(await save('Save as PNG')).subarray(1, 4)], [...Buffer.from('PNG')]);
    assert.equal(JSON.parse((await save('Save as JSON')).toString()).nodes.length, 61);
    assert.match((await save('Save as DOT')).toString(), /"gateway~AWS::ECS::Container" -> "payments-api~AWS::ECS::Container"/);
  }));

test('a replay shows in which order services began to fail, and the window moves by keys', ENOUGH, () =>
  withMap('range=PT5M', async (page, shot) => {
    const slider = page.getByRole('slider', { name: 'Time that the map shows' });
    await slider.focus();
    await page.keyboard.press(' ');
    const moment = page.getByRole('slider', { name: 'Moment of the replay' });
    await moment.waitFor();
    await page.locator('.onsets li').first().waitFor();
    await page.locator('.onsets li').first().filter({ hasText: 'payments-svc9' }).waitFor();
    await shot('map-replay');
    await page.getByRole('button', { name: 'End replay' }).click();
    await slider.focus();
    await page.keyboard.press('Shift+ArrowLeft');
    await page.waitForURL(/range=.*(~|%7E)/);
    await page.getByRole('button', { name: 'Back to live' }).click();
    await page.waitForURL((url) => !url.searchParams.has('range'));
  }));

test('the strip has a table twin', ENOUGH, () =>
  withMap('', async (page) => {
    await page.getByRole('button', { name: 'As a table', exact: true }).click();
    await page.getByRole('region', { name: 'Requests over time as a table' }).getByRole('row').nth(1).waitFor();
  }));

for (const scheme of ['light', 'dark']) {
  test(`the map with its bar, panel and focus is accessible (${scheme})`, ENOUGH, () =>
    withMap(
      'size=impact&metric=p99',
      async (page, shot) => {
        await page.locator('.strip-bar').first().waitFor();
        await assertAccessible(page, 'the map');
        await nodeOf(page, 'payments-svc9').click();
        await page.getByRole('tab', { name: /^Why/ }).waitFor();
        for (const tab of ['Latency', 'Calls', 'Series', 'Traces', 'Why']) {
          await page.getByRole('tab', { name: new RegExp(`^${tab}`) }).click();
          await assertAccessible(page, `the panel with ${tab}`);
        }
        await shot('map-panel');
        await page.goto(`${server.url}/?view=table`);
        await page.getByRole('table', { name: 'Services' }).waitFor();
        await assertAccessible(page, 'the table of services');
      },
      { scheme },
    ));
}

for (const [width, height] of [[1280, 720], [720, 450]]) {
  test(`the page is usable at ${width} by ${height}, which is ${width === 720 ? 'twice the size' : 'a small screen'}`, ENOUGH, async () => {
    const context = await browser.newContext({ viewport: { width, height } });
    const page = await context.newPage();
    await page.goto(server.url);
    await nodeOf(page, 'payments-svc9').click();
    await page.getByRole('tab', { name: /^Why/ }).waitFor();
    const sideways = await page.evaluate(() => [document.documentElement, document.querySelector('main')].map((element) => element.scrollWidth - element.clientWidth));
    assert.deepEqual(sideways, [0, 0]);
    await page.getByRole('tab', { name: 'Latency' }).click();
    await page.locator('.histogram-bar').first().waitFor();
    await page.getByRole('button', { name: 'Close the panel' }).click();
    await page.getByRole('slider', { name: 'Time that the map shows' }).focus();
    await page.keyboard.press('ArrowLeft');
    await page.waitForURL(/range=/);
    await context.close();
  });
}

test('an issue names the version that it began with, and is copied as a sentence', ENOUGH, async () => {
  const other = await startServer();
  const now = Date.now() / 1000;
  const request = (start, version, fault) => ({
    id: hex(16), trace_id: newTraceId(), name: 'ledger', start_time: start, end_time: start + 0.05, fault, service: { version }, user: 'u-1',
    ...(fault ? { cause: { working_directory: '/', exceptions: [{ id: hex(16), type: 'BadSchema', message: 'no such column' }] } } : {}),
  });
  try {
    await other.send(Array.from({ length: 30 }, (_, index) => request(now - 300 + index * 5, '1.8.1', false)));
    const { page, close } = await openPage(browser);
    await page.goto(other.url);
    await page.getByText('All clear').waitFor();
    await other.send(Array.from({ length: 20 }, (_, index) => request(now - 6 + index * 0.3, '1.8.2', true)));
    const issue = page.locator('.issue', { hasText: 'ledger' });
    await issue.getByText('ledger 1.8.2').waitFor();
    await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => (window.copied = text) } }));
    await issue.getByRole('button', { name: 'Copy the issue as a sentence' }).click();
    await page.waitForFunction(() => window.copied !== undefined);
    assert.match(await page.evaluate(() => window.copied), /^ledger is failing with BadSchema: 20 of \d+ requests \(\d+ %, 1 user\) for \d+ s, began with ledger 1\.8\.2$/);
    await page.getByText('ledger 1.8.2 first seen').waitFor({ state: 'attached' });
    await close();
  } finally {
    await other.stop();
  }
});

test('reduced motion leaves nothing that moves by itself', ENOUGH, async () => {
  const context = await browser.newContext({ reducedMotion: 'reduce', viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(server.url);
  await nodeOf(page, 'payments-svc9').click();
  await page.locator('.call-edge.is-lit').first().waitFor();
  const moving = await page.evaluate(() => document.getAnimations().filter((animation) => animation.effect?.getTiming().iterations === Infinity && document.querySelector('.service-map').contains(animation.effect.target)).length);
  assert.equal(moving, 0);
  await context.close();
});

for (const [width, height] of [[1440, 900], [1280, 800]]) {
  test(`of 250 services the way of the failure can be read beside its panel, and it goes around every ring (${width}x${height})`, ENOUGH, async () => {
    const large = await startServer();
    try {
      await sendFleet(large.url, 250, { rounds: 2, failing: [0] });
      const { page, shot, close } = await openPage(browser);
      await page.setViewportSize({ width, height });
      await page.goto(`${large.url}/?range=PT15M`);
      await page.locator('.service-node.is-box').first().waitFor();
      const drawn = await page.locator('.service-node').count();
      assert.ok(drawn <= 100, `${drawn} drawn`);
      await shot(`map-250-${width}`);
      await page.locator('.issue-title').first().click();
      await page.locator('.call-edge.is-lit').first().waitFor();
      await page.getByRole('tab', { name: /^Why/ }).waitFor();
      // The picture glides to the way.
      await page.waitForFunction(() => {
        const box = document.querySelector('.service-map').getBoundingClientRect();
        const names = [...document.querySelectorAll('.service-node:not(.is-dimmed) .node-name')];
        const written = names.filter((name) => name.getBoundingClientRect().height > 0);
        return written.length > 3 && written.every((name) => {
          const { left, right, top, bottom, height } = name.getBoundingClientRect();
          return height >= 12 && left >= box.left - 2 && right <= box.right + 2 && top >= box.top && bottom <= box.bottom;
        });
      });
      const through = await page.evaluate(() => {
        const rings = [...document.querySelectorAll('.service-node')].map((node) => ({ id: node.querySelector('.node-target').dataset.node, box: node.querySelector('.ring-ground').getBoundingClientRect() }));
        return [...document.querySelectorAll('.call-edge.is-lit')].flatMap((edge) => {
          const line = edge.querySelector('.edge-line');
          const toScreen = line.getScreenCTM();
          const length = line.getTotalLength();
          const points = Array.from({ length: 80 }, (_, index) => line.getPointAtLength((index / 79) * length).matrixTransform(toScreen));
          const others = rings.filter(({ id }) => id !== edge.dataset.source && id !== edge.dataset.target);
          return others.filter(({ box }) => points.some(({ x, y }) => Math.hypot(x - box.x - box.width / 2, y - box.y - box.height / 2) < box.width / 2)).map(({ id }) => `${edge.dataset.source} to ${edge.dataset.target} through ${id}`);
        });
      });
      assert.deepEqual(through, []);
      await shot(`map-250-path-${width}`);
      await close();
    } finally {
      await large.stop();
    }
  });
}

test('2,000 services open as boxes, in place, with the failing ones outside', { timeout: 240_000 }, async () => {
  const large = await startServer();
  try {
    await sendFleet(large.url, 2000, { rounds: 2, failing: [3] });
    await withMap(
      'range=PT15M',
      async (page, shot) => {
        const drawn = await page.locator('.service-node').count();
        assert.ok(drawn > 5 && drawn <= 80, `${drawn} drawn`);
        await nodeOf(page, 'catalog-db19').waitFor();
        await shot('map-2000');
        const box = page.getByRole('button', { name: /^search, 20 services/ });
        await box.focus();
        await page.keyboard.press('g');
        await page.waitForURL(/open=search/);
        await nodeOf(page, 'search-api').waitFor();
        await shot('map-2000-open');
        await nodeOf(page, 'search-api').focus();
        await page.keyboard.press('g');
        await box.waitFor();
        await box.click();
        await page.getByRole('button', { name: 'Open in place' }).waitFor();
        await page.locator('.box-members').getByRole('button', { name: 'search-svc7', exact: true }).or(page.locator('.box-members').getByRole('button').first()).first().click();
        await page.getByRole('tab', { name: 'Latency' }).waitFor();
        await assertAccessible(page, 'the map of 2,000 services');
        await page.goto(`${large.url}/?range=PT15M&view=table`);
        await page.getByRole('button', { name: 'Next page' }).waitFor();
        assert.equal(await page.locator('tbody tr').count(), 100);
      },
      { url: large.url },
    );
  } finally {
    await large.stop();
  }
});
