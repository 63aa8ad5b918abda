// The list of traces by mouse and by keyboard: filters two ways, the picture, the order, the preview, and what can be taken away.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, openPage } from './browser.mjs';
import { startServer } from './server.mjs';
import { broken, healthy, repeat } from './springboot.mjs';

const ENOUGH = { timeout: 180_000 };

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await server.demo('--once');
  await server.send(repeat(6, healthy));
  await server.send(repeat(6, broken));
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function withTraces(query, run, scheme = 'light', allow) {
  const { page, shot, close } = await openPage(browser, scheme, allow);
  await page.goto(`${server.url}/traces${query}`);
  await page.locator('.trace-table tbody tr').first().waitFor();
  await run(page, shot);
  await close();
}

const field = (page) => page.getByRole('textbox', { name: 'Filter expression' });
const filterOf = (page) => new URL(page.url()).searchParams.get('filter') ?? '';

test('a filter is built from chips by keyboard, with completions, and is the same as text', ENOUGH, () =>
  withTraces('', async (page) => {
    await field(page).focus();
    await page.keyboard.type('faul');
    await page.getByRole('option', { name: 'fault' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.waitForURL(/filter=fault/);
    // Until the server has said what it is, a filter is one chip and goes into parentheses.
    await page.locator('.chip-condition', { hasText: 'fault' }).waitFor();
    await page.keyboard.type('http.status >= 500');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('filter') === 'fault AND (http.status >= 500)' || url.searchParams.get('filter') === 'fault AND http.status >= 500');
    await page.locator('.chip').nth(1).waitFor();
    assert.deepEqual(await page.locator('.chip code').allInnerTexts(), ['fault', 'http.status >= 500']);
    await page.getByRole('button', { name: /^and/ }).press('Enter');
    await page.waitForURL((url) => url.searchParams.get('filter')?.includes(' OR '));
    await field(page).blur();
    await page.keyboard.press('e');
    await page.waitForFunction(() => /^fault OR /.test(document.querySelector('.filter-box textarea').value));
    await page.keyboard.press('e');
    await page.getByRole('button', { name: 'Remove fault' }).click();
    await page.waitForURL((url) => url.searchParams.get('filter') === 'http.status >= 500');
  }));

test('what chips cannot show is one chip, and nothing is rewritten', ENOUGH, () => {
  const filter = 'fault AND !(ok AND user) AND (http.status = 500 OR http.method = "GET")';
  return withTraces(`?filter=${encodeURIComponent(filter)}`, async (page) => {
    await page.locator('.chip-expression').waitFor();
    assert.deepEqual(await page.locator('.chip code').allInnerTexts(), ['fault', '!(ok AND user)', 'http.status = 500 OR http.method = "GET"']);
    assert.equal(filterOf(page), filter);
  });
});

test('plain words are offered as what they could mean', ENOUGH, () =>
  withTraces('', async (page) => {
    await field(page).fill('Spring');
    await page.getByRole('option', { name: /^service\("Spring"\)/ }).waitFor();
    await page.getByRole('option', { name: /^http.url CONTAINS "Spring"/ }).waitFor();
  }));

test('a box in the picture narrows range and response time, by mouse and by keyboard', ENOUGH, () =>
  withTraces('', async (page) => {
    const box = await page.locator('.heatmap-ground').boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.4);
    await page.mouse.move(box.x + box.width - 2, box.y + box.height * 0.7);
    await page.mouse.up();
    await page.getByRole('button', { name: 'Show these' }).waitFor();
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByRole('slider', { name: 'Shortest response time' }).press('Shift+ArrowUp');
    await page.getByRole('slider', { name: 'Start, from' }).press('ArrowRight');
    await page.getByRole('button', { name: 'Show these' }).press('Enter');
    await page.waitForURL((url) => /~/.test(url.searchParams.get('range') ?? '') && /^responsetime >= [\d.]+ AND responsetime < [\d.]+$/.test(url.searchParams.get('filter') ?? ''));
    await page.locator('.trace-table tbody tr').first().waitFor();
  }));

test('the list is sorted over all that matches, and the address says so', ENOUGH, () =>
  withTraces('', async (page) => {
    await page.getByRole('button', { name: /^Response time/ }).click();
    await page.waitForURL(/sort=-responsetime/);
    await page.locator('th[aria-sort=descending]', { hasText: 'Response time' }).waitFor();
    await page.reload();
    await page.locator('th[aria-sort=descending]', { hasText: 'Response time' }).waitFor();
  }));

for (const scheme of ['light', 'dark']) {
  test(`a row shows its trace beside the list, and keys walk on (${scheme})`, ENOUGH, () =>
    withTraces('?filter=fault', async (page, shot) => {
      await page.locator('.row-show').first().press('Enter');
      const preview = page.getByRole('complementary', { name: 'Preview' });
      await preview.locator('.preview-bars li').first().waitFor();
      const first = new URL(page.url()).searchParams.get('show');
      await assertAccessible(page, 'the preview');
      await shot('preview');
      await page.keyboard.press('.');
      await page.waitForURL((url) => url.searchParams.get('show') !== first);
      await page.keyboard.press(',');
      await page.waitForURL((url) => url.searchParams.get('show') === first);
      await page.keyboard.press('Escape');
      await preview.waitFor({ state: 'detached' });
    }, scheme));
}

for (const [width, height] of [[1440, 900], [1280, 800]]) {
  test(`the row that was clicked stays under the pointer (${width}x${height})`, ENOUGH, () =>
    withTraces('', async (page, shot) => {
      await page.setViewportSize({ width, height });
      const row = page.locator('.trace-table tbody tr').nth(5);
      const tops = () => Promise.all(['.heatmap', '.slices'].map((part) => page.locator(part).boundingBox().then(({ y }) => Math.round(y))));
      const [heatmap, slices] = await tops();
      assert.ok(Math.abs(heatmap - slices) <= 2, 'the picture and the groups stand side by side');
      const before = await row.boundingBox();
      await row.locator('.row-show').click();
      await page.locator('.preview-bars li').first().waitFor();
      const settled = async () => Math.abs((await row.boundingBox()).y - before.y) < 1;
      // What measures itself has done so after two frames.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      assert.ok(await settled(), `from ${before.y} to ${(await row.boundingBox()).y}`);
      assert.equal(await page.getByRole('columnheader', { name: 'Services' }).count(), 0);
      const [left, right] = await tops();
      assert.ok(Math.abs(left - right) <= 2, 'and still do');
      await shot(`preview-${width}`);
      await page.keyboard.press('Escape');
      await page.getByRole('columnheader', { name: 'Services' }).waitFor();
    }));
}

test('two ticked traces are compared', ENOUGH, () =>
  withTraces('', async (page) => {
    await page.getByRole('checkbox', { name: /^Tick 1-/ }).nth(0).check();
    await page.getByRole('checkbox', { name: /^Tick 1-/ }).nth(1).check();
    await page.getByRole('button', { name: 'Compare (2)' }).click();
    await page.waitForURL(/\/traces\/1-.*with=1-/);
  }));

test('the list is saved as CSV and as BatchGetTraces answers', ENOUGH, () =>
  withTraces('?filter=fault', async (page) => {
    const menu = page.locator('summary', { hasText: 'Export' });
    const rows = await page.locator('.trace-table tbody tr').count();
    await menu.click();
    const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
    const lines = readFileSync(await csv.path(), 'utf8').trim().split('\r\n');
    assert.equal(lines.length, rows + 1);
    assert.match(lines[0], /^id,start,/);
    const [json] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^JSON/ }).click()]);
    const { Traces } = JSON.parse(readFileSync(await json.path(), 'utf8'));
    assert.equal(Traces.length, rows);
    assert.ok(JSON.parse(Traces[0].Segments[0].Document).id);
  }));

test('columns are chosen, annotations among them, and stay out of the address', ENOUGH, () =>
  withTraces('', async (page) => {
    await page.locator('summary', { hasText: 'Columns' }).click();
    await page.getByRole('checkbox', { name: 'Trace id' }).check();
    await page.getByRole('columnheader', { name: 'Trace id' }).waitFor();
    await page.getByRole('textbox', { name: 'Annotation key' }).fill('tenant');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('columnheader', { name: 'tenant' }).waitFor();
    assert.doesNotMatch(page.url(), /tenant|column/);
  }));

test('a property tells how many traces have each value before one chooses, and what they did over time', ENOUGH, () =>
  withTraces('', async (page, shot) => {
    const facets = page.getByRole('region', { name: 'Narrow by' });
    await facets.locator('summary', { hasText: 'Status' }).click();
    const value = facets.locator('.facet-value', { hasText: '200' });
    await value.waitFor();
    await assertAccessible(page, 'the values of a property');
    await shot('facet');
    const count = Number(await value.locator('.facet-count').innerText());
    await value.click();
    await page.waitForURL((url) => url.searchParams.get('filter') === 'http.status = 200');
    await page.locator('.traces-progress', { hasText: `${count} matched` }).waitFor();
    await page.goBack();
    await facets.locator('summary', { hasText: 'Service' }).click();
    await page.keyboard.press('Escape');
    await facets.locator('.facet-list').waitFor({ state: 'detached' });
    await page.getByRole('checkbox', { name: 'Over time' }).check();
    const course = page.getByRole('region', { name: 'URL over time' });
    await course.getByRole('row').nth(2).waitFor();
    assert.match(await course.getByRole('img').first().getAttribute('aria-label'), /^\d+ traces?, at most \d+ in /);
    await assertAccessible(page, 'groups over time');
    await shot('over-time');
  }));

test('an export takes all that match, and a file of it is looked at without being stored', ENOUGH, () =>
  withTraces('?filter=fault', async (page, shot) => {
    await page.locator('summary', { hasText: 'Export' }).click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'NDJSON, a line a trace' }).click()]);
    const lines = readFileSync(await file.path(), 'utf8').trim().split('\n');
    const matched = Number((await page.locator('.traces-progress strong').innerText()).replace(/\D/g, ''));
    assert.equal(lines.length, matched);
    // The same trace under another id, which the server does not know.
    const old = JSON.parse(lines[0]);
    const id = `1-67a00000-${old.Id.slice(11)}`;
    const text = lines[0].replaceAll(old.Id, id);
    await page.evaluate((content) => {
      const data = new DataTransfer();
      data.items.add(new File([content], 'seen.json', { type: 'application/json' }));
      window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    }, text);
    await page.waitForURL(/file=1/);
    await page.getByText('From a file, and not stored here.').waitFor();
    await page.locator('.waterfall-row').first().waitFor();
    await page.locator('.waterfall-row').first().click();
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.locator('.fact').first().waitFor();
    await assertAccessible(page, 'a trace of a file');
    await shot('file');
    assert.equal((await page.request.get(`${server.url}/api/traces/${id}`)).status(), 404);
  }));

test('when nothing matches, each condition says how many it alone keeps out', ENOUGH, async () => {
  const { page, close } = await openPage(browser);
  await page.goto(`${server.url}/traces?filter=${encodeURIComponent('fault AND service("no-such-service")')}`);
  await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
  await page.locator('.empty-terms li', { hasText: /no-such-service.*traces? without it/ }).waitFor();
  await page.locator('.empty-terms li', { hasText: /fault.*still none/ }).waitFor();
  await close();
});

test('the page is usable at twice the size', ENOUGH, () =>
  withTraces('', async (page) => {
    await page.setViewportSize({ width: 640, height: 450 });
    await page.locator('.trace-table tbody tr').first().waitFor();
    assert.ok(await page.evaluate(() => document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth + 1));
  }));
