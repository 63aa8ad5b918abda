// The pages of services: the list, one service with its operations, versions and exceptions, and all exceptions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, withPage as onPage } from './browser.mjs';
import { hex, newTraceId, startServer } from './server.mjs';
import { broken, repeat } from './springboot.mjs';

const ENOUGH = { timeout: 180_000 };
const MARKUP = '<img src=x onerror=alert(1)>';

let browser;
let server;

/** A request for an order, which version 1.8.2 refuses. */
function request(number) {
  const isNew = number % 3 === 0;
  const now = Date.now() / 1000;
  const segment = {
    trace_id: newTraceId(), id: hex(16), name: 'orders', start_time: now - 0.2, end_time: now - 0.1, service: { version: isNew ? '1.8.2' : '1.8.1' },
    http: { request: { method: 'GET', url: `http://orders/orders/${number}` }, response: { status: isNew ? 500 : 200 } },
    subsegments: [{ id: hex(16), name: 'https://queue.example/a b', start_time: now - 0.15, end_time: now - 0.12, namespace: 'remote' }],
  };
  if (!isNew) return segment;
  return { ...segment, fault: true, cause: { working_directory: '/', exceptions: [{ id: hex(16), type: 'SoldOut', message: MARKUP }] } };
}

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await server.send(Array.from({ length: 30 }, (_, number) => request(number)));
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const withPage = (...test) => onPage(browser, ...test);

test('a service is found in the list, and its page says what it does and what a version brought', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.goto(`${server.url}/services`);
    await page.getByRole('heading', { name: 'Services' }).waitFor();
    await assertAccessible(page);
    await shot('services');
    await page.getByLabel('Find a name').fill('ord');
    await page.getByRole('link', { name: 'orders', exact: true }).click();

    const operations = page.getByRole('region', { name: 'Operations' });
    const row = operations.getByRole('row', { name: /GET \/orders\/\{id\}/ });
    await row.waitFor();
    assert.match(await row.innerText(), /33 %/);
    const version = page.getByRole('region', { name: 'Versions' }).getByRole('row', { name: /^1\.8\.2/ });
    assert.match(await version.innerText(), /10\s+100 %[\s\S]*SoldOut/);
    const exceptions = page.getByRole('region', { name: 'Exceptions' });
    await exceptions.getByText(MARKUP).waitFor();
    await assertAccessible(page);
    await shot('service');
    await row.getByRole('link', { name: /failing trace/i }).click();
    await page.waitForURL(/\/traces\/1-/);
  }));

test('an issue has a page with its stack, whom it hits and a good twin of a failing trace', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.goto(server.url);
    await page.getByRole('button', { name: /orders/ }).first().waitFor();
    const more = page.getByRole('button', { name: 'More of orders' });
    if (await more.isVisible()) await more.click();
    await page.getByRole('link', { name: 'Details of orders' }).click();
    await page.getByRole('heading', { level: 1, name: /orders is failing/ }).waitFor();
    await page.getByRole('region', { name: 'Example' }).getByText('SoldOut').waitFor();
    const hits = page.getByRole('region', { name: 'Whom and what it hits' });
    assert.match(await hits.getByRole('row', { name: /^1\.8\.2/ }).innerText(), /100 %\s+0 %/);
    await assertAccessible(page);
    await shot('issue');
    await page.reload();
    await page.getByRole('heading', { level: 1, name: /orders is failing/ }).waitFor();
    await page.getByRole('link', { name: 'Beside its nearest good twin' }).click();
    await page.waitForURL(/with=1-/);
    await page.goto(`${server.url}/issues/nothing`);
    await page.getByText('This issue is not in this time').waitFor();
  }));

/** The newest insight, once there is one: SpringBoot2 fails for as long as that takes. */
async function insight() {
  const range = new URLSearchParams({ from: Date.now() - 600_000, to: Date.now() + 60_000 });
  for (;;) {
    const answer = await fetch(`${server.url}/api/insights?${range}`);
    const { insights } = await answer.json();
    if (insights.length > 0) return insights[0];
    await server.send(repeat(4, broken));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

test('the page that a message links to tells the course of an insight and keeps a note', ENOUGH, () =>
  withPage(async (page, shot) => {
    const { id, node } = await insight();
    await page.goto(`${server.url}/insights/${id}`);
    await page.getByRole('heading', { level: 1, name: new RegExp(node) }).waitFor();
    await page.getByRole('region', { name: 'Course' }).getByText('Began').waitFor();
    await page.getByRole('region', { name: 'Timeline' }).getByRole('img', { name: /versions that came/ }).waitFor();
    await page.getByLabel('What it was, for the next time').fill('the batch job');
    await page.getByRole('button', { name: 'I look after it' }).click();
    await page.getByText(/looks after it/).first().waitFor();
    await assertAccessible(page);
    await shot('insight');
    await page.reload();
    await page.getByText('the batch job').waitFor();
    await page.goto(`${server.url}/insights`);
    const row = page.getByRole('row', { name: new RegExp(node) }).first();
    await row.getByText(/^(fails|slow|silent)$/).waitFor();
    await assertAccessible(page);
    await shot('insights');
    await page.goto(`${server.url}/insights/00000000-0000-5000-8000-000000000000`);
    await page.getByText('There is no such insight').waitFor();
  }, 'light', /404/));

test('a name of any characters has a page', ENOUGH, () =>
  withPage(async (page) => {
    await page.goto(`${server.url}/services`);
    await page.getByRole('link', { name: 'a b', exact: true }).click();
    await page.getByRole('region', { name: 'Operations' }).waitFor();
    await page.reload();
    await page.getByRole('region', { name: 'Operations' }).waitFor();
  }));

test('exceptions of all services stand in one list', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.goto(`${server.url}/exceptions`);
    const row = page.getByRole('row', { name: /^SoldOut/ });
    await row.waitFor();
    assert.match(await row.innerText(), /orders\s+10/);
    await assertAccessible(page);
    await shot('exceptions');
    await page.getByLabel('Find a type').fill('nothing like it');
    await page.getByText('None has this text').waitFor();
  }));
