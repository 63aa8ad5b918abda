// What is dragged or pressed: brushes write filters and ranges, and the waterfall is walked by keys.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, openPage } from './browser.mjs';
import { startServer } from './server.mjs';
import { broken, healthy, repeat } from './springboot.mjs';

const ENOUGH = { timeout: 180_000 };
const SPRING_BOOT = /^SpringBoot, EKS Container/;

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await server.send(repeat(10, healthy));
  await server.send(repeat(10, broken));
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function withMap(run) {
  const { page, close } = await openPage(browser);
  await page.goto(server.url);
  await page.getByRole('button', { name: SPRING_BOOT }).waitFor();
  await run(page);
  await close();
}

async function drag(page, locator, from, to) {
  const box = await locator.boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y);
  await page.mouse.move(box.x + box.width * to, y);
  await page.mouse.up();
}

test('a brush over response times writes the filter that finds them', ENOUGH, () =>
  withMap(async (page) => {
    await page.getByRole('button', { name: SPRING_BOOT }).click();
    await page.getByRole('tab', { name: 'Latency' }).click();
    await page.locator('.histogram-bar').first().waitFor();
    await drag(page, page.locator('.histogram .overlay'), 0.5, 0.99);
    const expression = page.locator('.latency-picked code');
    await expression.waitFor();
    assert.match(await expression.innerText(), /^service\(id\(name: "SpringBoot", type: "AWS::EKS::Container"\)\) \{ responsetime >= [\d.]+ AND responsetime <= [\d.]+ \}$/);
    const before = await expression.innerText();
    await page.getByRole('slider', { name: 'Shortest response time' }).press('Shift+ArrowLeft');
    await page.waitForFunction((text) => document.querySelector('.latency-picked code')?.textContent !== text, before);
    await page.getByRole('button', { name: 'View traces' }).last().click();
    await page.locator('.trace-table tbody tr').first().waitFor();
    assert.match(page.url(), /filter=service/);
  }));

test('dragging on the strip moves what the map shows, and one press leads back', ENOUGH, () =>
  withMap(async (page) => {
    await page.locator('.strip-bar').first().waitFor();
    await drag(page, page.locator('.strip-chart .overlay'), 0.3, 0.5);
    await page.waitForURL(/range=.*(~|%7E)/);
    await page.getByRole('button', { name: 'Back to live' }).click();
    await page.waitForURL((url) => !url.searchParams.has('range'));
    await page.getByRole('button', { name: SPRING_BOOT }).waitFor();
  }));

test('conditions are collected from the panel into one filter', ENOUGH, () =>
  withMap(async (page) => {
    await page.getByRole('button', { name: SPRING_BOOT }).click();
    await page.getByRole('tab', { name: 'Latency' }).click();
    await page.locator('.histogram-bar').first().waitFor();
    await page.getByRole('slider', { name: 'Longest response time' }).press('Shift+ArrowLeft');
    await page.getByRole('button', { name: 'Add to filter' }).click();
    await page.locator('.collected code').waitFor();
    await page.getByRole('button', { name: 'Traces that match' }).click();
    await page.waitForURL(/\/traces\?.*filter=service/);
  }));

test('the waterfall is walked and folded by keys', ENOUGH, () =>
  withMap(async (page) => {
    await page.goto(`${server.url}/traces?filter=fault`);
    await page.locator('.trace-table tbody a').first().click();
    const grid = page.getByRole('treegrid');
    await grid.waitFor();
    const selected = page.locator('[role=row][aria-selected=true]');
    await selected.waitFor();
    await grid.focus();
    await page.keyboard.press('Home');
    await page.waitForFunction(() => document.querySelector('[role=row][aria-selected=true]')?.getAttribute('aria-level') === '1');
    const rows = await page.locator('[role=row]').count();
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => document.querySelector('[role=row][aria-selected=true]')?.getAttribute('aria-expanded') === 'false');
    assert.ok((await page.locator('[role=row]').count()) < rows);
    await page.keyboard.press('n');
    await page.waitForFunction(() => Number(document.querySelector('[role=row][aria-selected=true]')?.getAttribute('aria-level')) > 1);
    await page.locator('.exception', { hasText: 'UnknownHostException' }).first().waitFor();
  }));

test('moving a node keeps it there while numbers change', ENOUGH, () =>
  withMap(async (page) => {
    const node = page.locator('.react-flow__node', { has: page.getByRole('button', { name: SPRING_BOOT }) });
    const box = await node.boundingBox();
    await page.mouse.move(box.x + 30, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + 60, box.y + 120, { steps: 4 });
    await page.mouse.up();
    const moved = await node.evaluate((element) => element.style.transform);
    const label = await page.getByRole('button', { name: SPRING_BOOT }).getAttribute('aria-label');
    await server.send(repeat(5, broken));
    await page.waitForFunction((text) => ![...document.querySelectorAll('.node-target')].some((one) => one.getAttribute('aria-label') === text), label);
    assert.equal(await node.evaluate((element) => element.style.transform), moved);
  }));
