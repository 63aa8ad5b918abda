// Alarms and notifiers, as somebody sets them up: from a node, with a test of whoever is told.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, withPage as onPage } from './browser.mjs';
import { startServer } from './server.mjs';
import { broken, healthy, repeat } from './springboot.mjs';

const ENOUGH = { timeout: 180_000 };

let browser;
let server;
let receiver;
const received = [];

before(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      received.push({ body, headers: request.headers });
      response.writeHead(200).end('taken');
    });
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await server.send(repeat(6, healthy));
  await server.send(repeat(4, broken));
});

after(async () => {
  await browser?.close();
  await server?.stop();
  receiver?.close();
});

const withPage = (...test) => onPage(browser, ...test);

test('a notifier is added, tested against a real receiver, and deleted', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.goto(`${server.url}/alarms?tab=notifiers`);
    await page.getByText('Nobody is told yet').waitFor();
    await page.getByRole('button', { name: 'Add a notifier' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('on-call');
    await dialog.getByLabel('URL').fill('ftp://nowhere');
    await dialog.getByRole('button', { name: 'Add notifier' }).click();
    await dialog.getByText(/must begin with http/).waitFor();
    await dialog.getByLabel('URL').fill(`http://127.0.0.1:${receiver.address().port}/hook?token=s3cret`);
    await dialog.getByRole('button', { name: 'Add notifier' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /on-call/ }).waitFor();
    await page.getByRole('button', { name: 'Send a test to on-call' }).click();
    await page.getByText(/It took the test and answered 200/).waitFor();
    assert.equal(received.length, 1);
    assert.match(received[0].body, /test/);
    assert.ok(!(await page.content()).includes('s3cret'), 'a secret is not shown again');
    await assertAccessible(page);
    await shot('notifiers');
    await page.getByRole('button', { name: 'Edit on-call' }).click();
    // The first one is for the key Enter alone.
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).last().click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Send a test to on-call' }).click();
    await page.getByText(/It took the test and answered 200/).waitFor();
    assert.equal(received.length, 2, 'what was not written again was kept');
  }, 'light', /400/));

test('an alarm is made from a node, silenced and deleted, and its history says so', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.goto(`${server.url}/`);
    await page.getByRole('button', { name: /^SpringBoot,/ }).first().click();
    await page.getByRole('button', { name: 'Make an alarm' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/In the last 24 h it would have fired/).waitFor();
    await dialog.getByRole('button', { name: 'year' }).click();
    await dialog.getByText(/In the last year it would have fired/).waitFor();
    await assertAccessible(page);
    await shot('alarm-editor');
    await dialog.getByRole('button', { name: 'Create alarm' }).click();
    await dialog.waitFor({ state: 'detached' });
    const row = page.getByRole('row', { name: /Fault rate of SpringBoot/ });
    await row.getByRole('button', { name: /^Silence/ }).click();
    await row.getByText('switched off').waitFor();
    await row.getByRole('button', { name: /^Fault rate of SpringBoot/ }).click();
    await page.getByRole('list', { name: /History of Fault rate/ }).getByRole('listitem').first().waitFor();
    await assertAccessible(page);
    await shot('alarms');
    await row.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete alarm' }).click();
    await page.getByText('No alarm yet').waitFor();
  }));

test('an objective is set from a node in two clicks, and shows what is left', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.goto(`${server.url}/`);
    await page.getByRole('button', { name: /^SpringBoot,/ }).first().click();
    await page.getByRole('button', { name: 'Set an objective' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Set objective' }).waitFor();
    await assertAccessible(page);
    await dialog.getByRole('button', { name: 'Set objective' }).click();
    await dialog.waitFor({ state: 'detached' });
    const row = page.getByRole('row', { name: /99\.9 %/ });
    // Four of ten failed, and one in a thousand may.
    await row.getByText('used up').waitFor();
    await assertAccessible(page);
    await shot('objectives');
    await row.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete objective' }).click();
    await page.getByText('Nothing is promised yet').waitFor();
  }));

test('an objective of one entry is set from the page of its service, and shows its budget', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.goto(`${server.url}/services`);
    await page.getByRole('link', { name: 'SpringBoot', exact: true }).click();
    await page.getByRole('link', { name: 'Set an objective of GET /greeting' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('GET /greeting').waitFor();
    await assertAccessible(page);
    await dialog.getByLabel(/in percent/).fill('99');
    await dialog.getByRole('button', { name: 'Set objective' }).click();
    await dialog.waitFor({ state: 'detached' });
    const row = page.getByRole('row', { name: /GET \/greeting/ });
    // Its group of traces has counted nothing yet, so all of what may fail is left.
    await row.getByText('100 %').waitFor();
    assert.match(await row.innerText(), /99 %\s+0\s+0\s/);
    await assertAccessible(page);
    await shot('objective-of-entry');
    await row.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete objective' }).click();
    await page.getByText('Nothing is promised yet').waitFor();
  }));

test('an alarm is muted for an hour, and its chip leads to the rule', ENOUGH, () =>
  withPage(async (page, shot) => {
    const call = (operation, input) => fetch(`${server.url}/api/cloudwatch/${operation}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(input) });
    await call('PutMetricAlarm', {
      AlarmName: 'to mute', Namespace: 'Fluoro', MetricName: 'FaultCount', Statistic: 'Sum', Period: 86_400, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold',
    });
    await page.goto(`${server.url}/alarms`);
    const row = page.getByRole('row', { name: /to mute/ });
    await row.getByRole('button', { name: 'Mute 1 h: to mute' }).click();
    await row.getByRole('link', { name: /^muted until \d\d:\d\d$/ }).click();
    const rule = page.getByRole('region', { name: 'Mute rules' }).getByRole('row', { name: /an hour of to mute/ });
    await rule.getByText(/mutes now until \d\d:\d\d/).waitFor();
    assert.equal(await rule.getAttribute('aria-current'), 'true');
    await assertAccessible(page);
    await shot('mute-rules');
    await rule.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete mute rule' }).click();
    await page.getByText('Nothing is muted').waitFor();
    await page.getByRole('tab', { name: 'Alarms' }).click();
    await row.getByRole('button', { name: 'Mute 1 h: to mute' }).waitFor();
    await assertAccessible(page);
    await call('DeleteAlarms', { AlarmNames: ['to mute'] });
  }));

test('an alarm that rings is in the bell and in the title, says why, and somebody looks after it', ENOUGH, () =>
  withPage(async (page, shot) => {
    const call = (operation, input) => fetch(`${server.url}/api/cloudwatch/${operation}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(input) });
    await page.goto(`${server.url}/alarms`);
    await call('PutMetricAlarm', {
      AlarmName: 'by hand', Namespace: 'Fluoro', MetricName: 'FaultCount', Statistic: 'Sum', Period: 86_400, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold',
    });
    await call('SetAlarmState', { AlarmName: 'by hand', StateValue: 'ALARM', StateReason: 'somebody said so' });
    await page.getByLabel(/going on$/).click();
    await page.getByRole('link', { name: 'by hand' }).waitFor();
    await page.waitForFunction(() => document.title.startsWith('('));
    await assertAccessible(page);
    await shot('bell');
    await page.keyboard.press('Escape');
    const row = page.getByRole('row', { name: /by hand/ });
    await row.getByRole('button', { name: /^by hand/ }).click();
    await page.locator('.alarm-detail').getByText('somebody said so').waitFor();
    await page.getByLabel('Your name').fill('Ann');
    await page.getByLabel('A note for the others').fill('the disk');
    await page.getByRole('button', { name: 'I look after it' }).click();
    await page.getByText(/Ann looks after it since .*: the disk/).waitFor();
    await assertAccessible(page);
    await shot('alarm-looked-after');
    await call('DeleteAlarms', { AlarmNames: ['by hand'] });
  }));
