// The page of a trace, by mouse and by keyboard alone: waterfall, views, comparison, partial and linked traces, and large ones.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, openPage, withPage as onPage } from './browser.mjs';
import { newTraceId, startServer } from './server.mjs';
import { failedCheckout, goodCheckout, hostile, linked, manySpans, MARKUP, submit } from './trace-corpus.mjs';

const ENOUGH = { timeout: 300_000 };
const SELECTED = '[role=row][aria-selected=true]';

let browser;
let server;
const good = goodCheckout();
const failed = failedCheckout();
const many = manySpans(10_000);
const consumer = linked([good.id, failed.id, newTraceId()], [many.id]);
const evil = hostile();

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  for (const trace of [good, failed, many, consumer, evil]) await submit(server.url, trace);
}, ENOUGH);

after(async () => {
  await browser?.close();
  await server?.stop();
});

const withPage = (...test) => onPage(browser, ...test);

async function open(page, { id }, query = '') {
  await page.goto(`${server.url}/traces/${id}${query}`);
  await page.locator('.trace-head h1').waitFor();
}

const selectedName = (page) => page.locator(`${SELECTED} .span-name`).innerText();
const param = (page, name) => page.waitForFunction((wanted) => new URL(location.href).searchParams.get(wanted), name).then((handle) => handle.jsonValue());

test('a failed trace opens at its deepest fault, with the exception', ENOUGH, () =>
  withPage(async (page, shot) => {
    await open(page, failed);
    await page.locator('.exception', { hasText: 'ConditionalCheckFailedException' }).waitFor();
    assert.equal(await selectedName(page), 'write ledger');
    assert.equal(await page.getByRole('tab', { selected: true }).innerText(), 'Exceptions1');
    assert.deepEqual(await page.getByRole('tab').evaluateAll((tabs) => tabs.map((tab) => tab.firstChild.textContent)), ['Overview', 'Resources', 'Annotations', 'Metadata', 'Exceptions', 'SQL']);
    assert.equal(await page.getByRole('tab', { name: 'SQL' }).getAttribute('title'), 'This is no database query.');
    await page.locator('.fault-steps', { hasText: '1 of 5 faults' }).waitFor();
    assert.match(await page.locator('.trace-critical').innerText(), /Critical path: payment \d+ %, ledger \d+ %, network [\d.]+ %/);
    await shot('trace-failed');
  }));

test('it says what is missing, names the retry storm, and leads to both', ENOUGH, () =>
  withPage(async (page) => {
    await open(page, failed);
    await page.locator('.notice-missing li', { hasText: 'fraud was called by payment with traced=true, but sent no segment.' }).getByRole('button').click();
    await page.waitForFunction((selector) => document.querySelector(selector)?.textContent?.includes('fraud'), SELECTED);
    await page.locator('.notice-pattern', { hasText: 'Retry storm: write ledger called ledger-db PutItem 4 times, none succeeded; it waited 200 ms, 400 ms, 410 ms between.' }).getByRole('button').click();
    await page.waitForFunction((selector) => document.querySelector(selector)?.textContent?.includes('ledger-db'), SELECTED);
  }));

test('by keyboard alone: rows, folds, faults, zoom, pan, and the critical path', ENOUGH, () =>
  withPage(async (page) => {
    await open(page, failed);
    await page.locator(SELECTED).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('role')), 'treegrid');
    await page.keyboard.press('Home');
    await page.waitForFunction((selector) => document.querySelector(selector)?.getAttribute('aria-level') === '1', SELECTED);
    const rows = await page.locator('[role=row]').count();
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction((before) => document.querySelectorAll('[role=row]').length < before, rows);
    await page.keyboard.press('x');
    await page.waitForFunction((before) => document.querySelectorAll('[role=row]').length === before, rows);
    await page.keyboard.press('n');
    await page.waitForFunction((selector) => document.querySelector(selector)?.textContent?.includes('write ledger'), SELECTED);
    await page.keyboard.press('N');
    await page.waitForFunction((selector) => document.querySelector(selector)?.textContent?.includes('PutItem'), SELECTED);
    await page.keyboard.press('z');
    const zoom = await param(page, 'zoom');
    assert.match(zoom, /^0\.8\d*~0\.9\d*$/);
    await page.keyboard.press('Shift+ArrowLeft');
    await page.waitForFunction((text) => new URL(location.href).searchParams.get('zoom') !== text, zoom);
    for (let step = 0; step < 12; step += 1) await page.keyboard.press('s');
    await page.waitForFunction(() => new URL(location.href).searchParams.get('zoom') === null);
    await page.keyboard.press('w');
    await param(page, 'zoom');
    await page.keyboard.press('Shift+Z');
    await page.waitForFunction(() => new URL(location.href).searchParams.get('zoom') === null);
    assert.ok((await page.locator('.waterfall .bar-critical').count()) > 0);
    await page.keyboard.press('c');
    await page.locator('.waterfall .bar-critical').first().waitFor({ state: 'detached' });
    assert.equal(await param(page, 'critical'), 'off');
    await page.keyboard.press('f');
    await page.keyboard.type('putitem');
    await page.locator('.find-count', { hasText: /of|match/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => /^\d of 4$/.test(document.querySelector('.find-count')?.textContent ?? ''));
    assert.equal(await param(page, 'find'), 'putitem');
    await page.reload();
    await page.waitForFunction(() => /of 4$/.test(document.querySelector('.find-count')?.textContent ?? ''));
    assert.equal(await page.locator('.is-found').count(), 4);
  }));

test('by mouse: the strip zooms, its edges resize, a double click shows all, and the names can be widened', ENOUGH, () =>
  withPage(async (page) => {
    await open(page, failed);
    const strip = await page.locator('.minimap .overlay').boundingBox();
    const y = strip.y + strip.height / 2;
    const drag = async (from, to) => {
      await page.mouse.move(strip.x + strip.width * from, y);
      await page.mouse.down();
      await page.mouse.move(strip.x + strip.width * ((from + to) / 2), y);
      await page.mouse.move(strip.x + strip.width * to, y);
      await page.mouse.up();
    };
    await drag(0.2, 0.6);
    assert.match(await param(page, 'zoom'), /^0\.(19|20?)\d*~0\.(59|60?)\d*$/);
    await drag(0.6, 0.8);
    await page.waitForFunction(() => /~0\.(79|80?)/.test(new URL(location.href).searchParams.get('zoom') ?? ''));
    await page.mouse.dblclick(strip.x + strip.width * 0.9, y);
    await page.waitForFunction(() => new URL(location.href).searchParams.get('zoom') === null);
    const divider = page.getByRole('separator', { name: 'Width of the names' });
    const width = () => divider.getAttribute('aria-valuenow').then(Number);
    const [before, box] = [await width(), await divider.boundingBox()];
    await page.mouse.move(box.x + 3, box.y + 300);
    await page.mouse.down();
    await page.mouse.move(box.x + 123, box.y + 300);
    await page.mouse.up();
    assert.ok((await width()) > before);
  }));

test('ten thousand spans: repeats are one row, and the fault far below is in sight', ENOUGH, () =>
  withPage(async (page, shot) => {
    await open(page, many);
    await page.locator('.exception', { hasText: 'DeepException' }).waitFor();
    assert.match(await selectedName(page), / step /);
    await page.locator('.notice-pattern', { hasText: 'N+1: load rows called ledger-db PutItem 214 times' }).waitFor();
    await page.keyboard.press('Home');
    const loop = page.locator('.waterfall-row', { hasText: 'load rows' });
    await loop.getByRole('button', { name: 'Unfold' }).click();
    const repeat = page.locator('.waterfall-row', { hasText: /PutItem ledger.*× 214/ });
    await repeat.waitFor();
    assert.match(await repeat.innerText(), /p50 3 ms, 2 faults/);
    const rows = Number(await page.getByRole('treegrid').getAttribute('aria-rowcount'));
    await repeat.click();
    await page.waitForFunction((before) => Number(document.querySelector('[role=treegrid]').getAttribute('aria-rowcount')) === before + 214, rows);
    await page.keyboard.press('x');
    await page.waitForFunction(() => Number(document.querySelector('[role=treegrid]').getAttribute('aria-rowcount')) > 9_700);
    assert.ok((await page.locator('[role=row]').count()) < 120);
    await page.getByRole('treegrid').focus();
    await page.keyboard.press('End');
    await page.waitForFunction((selector) => Number(document.querySelector(selector)?.getAttribute('aria-rowindex')) > 9_700, SELECTED);
    await page.getByLabel('Errors only').check();
    await page.waitForFunction(() => Number(document.querySelector('[role=treegrid]').getAttribute('aria-rowcount')) < 60);
    assert.equal(await param(page, 'errors'), 'only');
    await shot('trace-errors-only');
  }));

test('a row says what its call did; the callee that sends nothing is part of it, and links to it lead there', ENOUGH, () =>
  withPage(async (page, shot) => {
    await open(page, failed);
    const rows = await page.locator('[role=row]').allInnerTexts();
    assert.equal(rows.filter((text) => /PutItem ledger/.test(text)).length, 4);
    const query = page.locator('.waterfall-row', { hasText: 'SELECT sku, amount FROM stock WHERE sku = ?' });
    assert.equal(await query.locator('.bar-remote').count(), 1);
    await query.click();
    await page.getByRole('tab', { name: /^SQL/ }).click();
    assert.equal(await page.locator('.query pre').innerText(), 'SELECT sku, amount FROM stock WHERE sku = ?');
    await shot('trace-query');
    assert.match(await page.getByRole('link', { name: 'Traces in which checkout asks stock@db.internal' }).getAttribute('href'), /filter=edge/);
    await page.getByRole('button', { name: 'Find this query' }).click();
    await page.locator('.find-count', { hasText: '1 of 1' }).waitFor();
    await page.getByRole('tab', { name: 'Overview' }).click();
    const inferred = await page.locator('.fact', { hasText: 'Inferred segment' }).locator('.fact-value').innerText();
    await open(page, failed, `?span=${inferred}`);
    await page.locator(SELECTED, { hasText: 'SELECT sku' }).waitFor();
  }));

for (const scheme of ['light', 'dark']) {
  test(`every view is accessible and without a complaint (${scheme})`, ENOUGH, () =>
    withPage(async (page, shot) => {
      const look = async (what, trace, query, wait) => {
        await open(page, trace, query);
        await page.locator(wait).first().waitFor();
        await assertAccessible(page, what);
        await shot(`trace-${what}`);
      };
      await look('timeline', failed, '', '.exception');
      await look('find', failed, '?find=ledger&zoom=0.1~0.9', '.is-found');
      await look('overview', good, '', '.fact');
      await look('map', failed, '?view=map', '.service-node');
      await look('flame', failed, '?view=flame', '.flame canvas');
      await look('flame-many', many, '?view=flame', '.flame canvas');
      await look('table', failed, '?view=table', '.trace-table-view tbody tr');
      await look('raw', failed, '?view=raw', '.raw pre');
      await look('pick', failed, '?view=compare&pick=1', '.pick-list button');
      await look('compare', failed, `?with=${good.id}`, '.compare-table tbody tr');
      await look('linked', consumer, '', '.notice-linked');
      await look('markup', evil, '', '.exception');
      await look('many', many, '', '.exception');
      await page.getByRole('button', { name: 'Share' }).click();
      await page.getByRole('menuitem').first().waitFor();
      await assertAccessible(page, 'the share menu');
    }, scheme));
}

test('the views show the same spans: map to pane, flame by keys, table sorted', ENOUGH, () =>
  withPage(async (page) => {
    await open(page, failed, '?view=map');
    await page.getByRole('button', { name: /^auth, EC2/ }).click();
    await page.locator('.span-pane h2', { hasText: 'auth' }).waitFor();
    await page.getByRole('link', { name: 'Flame' }).click();
    const flame = page.getByRole('application');
    await flame.focus();
    await page.keyboard.press('ArrowUp');
    await page.locator('.span-pane .panel-title', { hasText: 'Subsegment of payment' }).waitFor();
    await page.keyboard.press('Enter');
    await param(page, 'zoom');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => new URL(location.href).searchParams.get('zoom') === null);
    await page.getByRole('link', { name: 'Table', exact: true }).click();
    const first = page.locator('.trace-table-view tbody tr').first();
    await first.waitFor();
    assert.match(await first.innerText(), /write ledger/);
    await page.getByRole('button', { name: 'Count' }).click();
    assert.match(await first.innerText(), /PutItem ledger-db/);
    assert.equal(await page.getByRole('columnheader', { name: 'Count' }).getAttribute('aria-sort'), 'descending');
  }));

test('the raw view gives what BatchGetTraces gives, and the documents as they came', ENOUGH, () =>
  withPage(async (page) => {
    await open(page, failed, '?view=raw');
    const pre = page.locator('.raw pre');
    await pre.waitFor();
    const shown = JSON.parse(await pre.innerText());
    assert.equal(shown.Traces[0].Id, failed.id);
    assert.equal(JSON.parse(shown.Traces[0].Segments[0].Document).name, 'checkout');
    await page.getByRole('button', { name: 'As received' }).click();
    await page.locator('.raw pre', { hasText: JSON.stringify(failed.documents[2]) }).waitFor();
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    assert.equal((await saved).suggestedFilename(), `${failed.id}.json`);
  }));

test('a failed trace is compared with the nearest good one in one click', ENOUGH, () =>
  withPage(async (page) => {
    await open(page, failed);
    await page.getByRole('link', { name: 'Compare with a good request' }).click();
    await page.waitForURL(new RegExp(`with=${good.id}`));
    await page.locator('.compare-only', { hasText: 'Only in A:' }).getByText('fraud').waitFor();
    await page.getByRole('button', { name: 'Pick another B' }).click();
    await page.locator('.pick-list button').first().click();
    await page.waitForURL(new RegExp(`with=${good.id}`));
    const row = page.locator('.compare-table tr', { hasText: 'write ledger' });
    await row.waitFor();
    assert.deepEqual(await row.locator('td.number').allInnerTexts(), ['1', '1', '1.36 s', '170 ms', '+950 ms', '1', '–']);
    assert.match(await page.locator('.compare-table tr', { hasText: 'fraud' }).first().innerText(), /only in A/);
    await page.getByRole('link', { name: 'Swap A and B' }).click();
    await page.locator('.compare-table tr', { hasText: 'fraud' }).first().getByText('only in B').waitFor();
  }));

test('linked traces lead back and forth', ENOUGH, () =>
  withPage(async (page) => {
    await open(page, consumer);
    await page.getByRole('region', { name: 'Produced by 3 traces' }).getByRole('link').nth(1).waitFor();
    await page.getByRole('region', { name: 'Went on in 1 trace' }).getByRole('link').click();
    await page.waitForURL(new RegExp(many.id));
  }));

test('values can be copied, filtered for and out, and grouped by', ENOUGH, () =>
  withPage(async (page) => {
    await open(page, failed);
    await page.keyboard.press('Home');
    await page.getByRole('tab', { name: /^Annotations/ }).click();
    await page.getByRole('button', { name: 'Copy tenant' }).waitFor();
    await page.getByRole('button', { name: 'Filter out tenant' }).click();
    await page.waitForURL(/\/traces\?/);
    assert.equal(new URL(page.url()).searchParams.get('filter'), '!(annotation.tenant = "acme")');
    await page.goBack();
    await page.getByRole('button', { name: 'Group by tenant' }).click();
    await page.waitForURL(/by=annotation.tenant/);
    await page.goBack();
    await page.getByRole('link', { name: 'Find similar' }).click();
    await page.waitForURL(/filter=/);
    await page.locator('.trace-table tbody tr').first().waitFor();
  }));

test('comma and full stop walk the list that one came from', ENOUGH, () =>
  withPage(async (page) => {
    await page.goto(`${server.url}/traces?filter=${encodeURIComponent('service("checkout")')}`);
    const links = page.locator('.trace-table tbody a');
    await links.nth(1).waitFor();
    await links.first().click();
    await page.locator('.walk', { hasText: '1 of 2' }).waitFor();
    const first = page.url();
    await page.keyboard.press('.');
    await page.locator('.walk', { hasText: '2 of 2' }).waitFor();
    assert.notEqual(page.url().split('?')[0], first.split('?')[0]);
    await page.keyboard.press(',');
    await page.locator('.walk', { hasText: '1 of 2' }).waitFor();
  }));

test('what is shared is absolute, and names the commands', ENOUGH, async () => {
  const { page, close } = await openPage(browser);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, failed, '?range=PT3H');
  await page.locator('.exception').waitFor();
  const copied = async (item) => {
    await page.evaluate(() => navigator.clipboard.writeText('nothing'));
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('menuitem', { name: item, exact: true }).click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()) !== 'nothing');
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const link = await copied('Copy link');
  assert.ok(link.startsWith(`${server.url}/traces/${failed.id}?`) && link.includes('span=') && !link.includes('range='), link);
  assert.equal(await copied('Copy as curl'), `curl -sS '${server.url}/api/traces/${failed.id}/raw'`);
  assert.match(await copied('Copy as aws xray batch-get-traces'), new RegExp(`^aws xray batch-get-traces --trace-ids ${failed.id} --endpoint-url ${server.url} `));
  const markdown = await copied('Copy as Markdown');
  assert.match(markdown, /^\*\*POST https:\/\/shop\.example\.com\/checkout\*\*: 500 Fault/);
  assert.match(markdown, /- root cause: ledger, `ConditionalCheckFailedException`/);
  await close();
});

test('markup and control characters are text in every tab and view', ENOUGH, () =>
  withPage(async (page) => {
    await open(page, evil);
    for (const tab of ['Overview', 'Resources', 'Annotations', 'Metadata', 'Exceptions']) {
      await page.getByRole('tab', { name: new RegExp(`^${tab}`) }).click();
      await page.locator('.tab-panel', { hasText: MARKUP }).waitFor();
    }
    await page.locator('.waterfall-row', { hasText: 'db' }).first().click();
    await page.getByRole('tab', { name: /^SQL/ }).click();
    await page.locator('.tab-panel', { hasText: MARKUP }).waitFor();
    for (const view of ['map', 'flame', 'table', 'raw', 'compare']) {
      await open(page, evil, `?view=${view}&find=${encodeURIComponent(MARKUP)}`);
      await page.locator({ map: '.service-node', flame: '.flame canvas', table: '.trace-table-view td', raw: '.raw pre', compare: '.pick-other form' }[view]).first().waitFor();
      assert.equal(await page.locator('main img, main script').count(), 0, view);
    }
  }));

test('an unknown trace tells its fate, and finds the refusal', ENOUGH, () =>
  withPage(async (page) => {
    const lost = newTraceId();
    await server.sendRaw(`{"format":"json","version":1}\n${JSON.stringify({ trace_id: lost, id: 'short', name: 'x', start_time: 1 })}`);
    await page.goto(`${server.url}/traces/${lost}`);
    await page.getByRole('heading', { name: 'This trace is not known' }).waitFor();
    await page.locator('.fate', { hasText: 'It came, and was refused' }).waitFor();
    assert.match(await page.getByRole('link', { name: 'Ask the doctor' }).getAttribute('href'), new RegExp(`^/doctor\\?q=${lost}`));
    await assertAccessible(page, 'an unknown trace');
    await page.goto(`${server.url}/traces/${encodeURIComponent(MARKUP)}`);
    await page.getByRole('heading', { name: 'This is no trace id', level: 1 }).waitFor();
  }, 'light', /404|400/));

test('it is usable at 1,280 px and at 200 % zoom', ENOUGH, () =>
  withPage(async (page, shot) => {
    for (const [width, height] of [[1280, 800], [720, 450]]) {
      await page.setViewportSize({ width, height });
      await open(page, failed);
      await page.locator('.exception').waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 0, `${width} px: ${overflow} px too wide`);
      await page.getByRole('link', { name: 'Raw JSON' }).click({ trial: true });
      await page.locator(SELECTED).click({ trial: true });
      await shot(`trace-${width}`);
    }
  }));
