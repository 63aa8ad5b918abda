// What people set up and ask: sampling rules, groups, settings, the doctor, and the keys of every page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, withPage as onPage } from './browser.mjs';
import { hex, newTraceId, startServer } from './server.mjs';
import { broken, healthy, repeat } from './springboot.mjs';

const ENOUGH = { timeout: 180_000 };
const MARKUP = '<img src=x onerror=alert(1)>';

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await server.send(repeat(6, healthy));
  await server.send(repeat(4, broken));
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const withPage = (...test) => onPage(browser, ...test);

async function call(operation, input = {}) {
  const answer = await fetch(`${server.url}/api/xray/${operation}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(input) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

function rule(name, priority, path) {
  return { SamplingRule: { RuleName: name, Priority: priority, FixedRate: 0.1, ReservoirSize: 2, ServiceName: '*', ServiceType: '*', Host: '*', HTTPMethod: '*', URLPath: path, ResourceARN: '*', Version: 1 } };
}

const namesIn = (page) => page.locator('.rule-table tbody .rule-name').allInnerTexts();

async function dropRules() {
  const { SamplingRuleRecords } = await call('GetSamplingRules');
  for (const { SamplingRule } of SamplingRuleRecords) {
    if (SamplingRule.RuleName !== 'Default') await call('DeleteSamplingRule', { RuleName: SamplingRule.RuleName });
  }
}

test('a rule is made, corrected in X-Ray’s words, tried, copied and deleted', ENOUGH, () =>
  withPage(async (page, shot) => {
    await dropRules();
    await page.goto(`${server.url}/sampling`);
    await page.getByRole('button', { name: 'Create rule' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Rule name').fill('checkout');
    await dialog.getByLabel('Priority').fill('0');
    await dialog.getByLabel('Rate, %').fill('5');
    await dialog.getByLabel('Reservoir').fill('2');
    await dialog.getByLabel('URL path').fill('/checkout*');
    await dialog.getByRole('button', { name: 'Create rule' }).click();
    await dialog.getByText("Value '0' at 'samplingRule.priority' failed to satisfy constraint: Member must have value greater than or equal to 1").waitFor();
    await shot('sampling-wrong');
    await dialog.getByLabel('Priority').fill('10');
    await dialog.getByRole('button', { name: 'Create rule' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'checkout', exact: true }).waitFor();

    await page.getByLabel('Path', { exact: true }).fill('/checkout/7');
    await page.getByLabel('Requests/s').fill('320');
    await page.locator('.verdict', { hasText: 'Rule checkout (priority 10) matches. At 320 req/s it keeps about 18/s' }).waitFor();
    assert.match(page.url(), /path=%2Fcheckout%2F7&rate=320/);
    await page.getByLabel('Path', { exact: true }).fill('/other');
    await page.locator('.verdict', { hasText: 'Rule Default takes it' }).waitFor();

    await page.getByRole('button', { name: 'Actions on checkout' }).click();
    await page.getByRole('menuitem', { name: 'Clone' }).click();
    await dialog.getByText('As it stands this rule is never reached').waitFor();
    await dialog.getByRole('button', { name: 'Create rule' }).click();
    await page.locator('.rule-warning', { hasText: 'Never reached: checkout covers it.' }).waitFor();
    await shot('sampling');

    await page.getByRole('button', { name: 'Actions on checkout-2' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete rule' }).click();
    await page.getByRole('button', { name: 'checkout-2', exact: true }).waitFor({ state: 'detached' });
    assert.equal((await call('GetSamplingRules')).SamplingRuleRecords.length, 2);
  }, 'light', /400/));

test('rules change places by keys and by dragging', ENOUGH, () =>
  withPage(async (page) => {
    await dropRules();
    for (const [name, priority] of [['a', 10], ['b', 20], ['c', 30]]) await call('CreateSamplingRule', rule(name, priority, `/${name}`));
    await page.goto(`${server.url}/sampling`);
    await page.getByRole('button', { name: 'Move c' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    assert.deepEqual(await namesIn(page), ['c', 'a', 'b', 'Default']);
    await page.keyboard.press('Escape');
    assert.deepEqual(await namesIn(page), ['a', 'b', 'c', 'Default']);
    for (const key of ['Enter', 'ArrowUp', 'Enter']) await page.keyboard.press(key);
    await page.waitForFunction(() => [...document.querySelectorAll('.rule-table tbody .rule-name')].map((one) => one.textContent).join() === 'a,c,b,Default');
    const priority = async (name) => (await call('GetSamplingRules')).SamplingRuleRecords.find((one) => one.SamplingRule.RuleName === name).SamplingRule.Priority;
    assert.equal(await priority('c'), 15);
    await page.getByRole('button', { name: 'Move b' }).dragTo(page.locator('.rule-table tbody tr').first());
    await page.waitForFunction(() => document.querySelector('.rule-table tbody .rule-name').textContent === 'b');
    await page.waitForFunction(() => document.querySelector('.rule-table tbody tr td:nth-child(2)').textContent === '5');
  }));

test('rules come from a file and go into one', ENOUGH, () =>
  withPage(async (page) => {
    await dropRules();
    await page.goto(`${server.url}/sampling?dialog=import`);
    const local = { version: 1, rules: [{ description: 'Healthy check', http_method: 'GET', url_path: '/healthcheck', fixed_target: 0, rate: 0 }], default: { fixed_target: 1, rate: 1 } };
    await page.getByRole('dialog').getByRole('textbox').fill(JSON.stringify(local));
    await page.getByRole('button', { name: 'Import 2' }).click();
    await page.getByText('All rules of the file are in force.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByRole('button', { name: 'Healthy check', exact: true }).waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
    const { default: fs } = await import('node:fs/promises');
    const { SamplingRuleRecords } = JSON.parse(await fs.readFile(await download.path(), 'utf8'));
    assert.deepEqual(SamplingRuleRecords.map((one) => [one.SamplingRule.RuleName, one.SamplingRule.FixedRate]), [['Healthy check', 0], ['Default', 1]]);
  }));

test('a group shows what its filter matches while it is written, and narrows the pages', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.goto(`${server.url}/groups`);
    await page.getByRole('button', { name: 'Create group' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('failing');
    const filter = dialog.getByLabel('Filter expression');
    await filter.fill('fault AND nonsense');
    await dialog.getByText(/\(line 1, position \d+\)/).waitFor();
    await filter.fill('fault');
    await dialog.locator('.preview', { hasText: '4 of 10 traces match now' }).waitFor();
    assert.ok((await dialog.locator('.preview tbody tr').count()) > 0);
    await dialog.getByRole('button', { name: 'Add tag' }).click();
    await dialog.getByLabel('Key of tag 1').fill('team');
    await dialog.getByLabel('Value of tag 1').fill(MARKUP);
    await shot('group-editor');
    await dialog.getByRole('button', { name: 'Create group' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.locator('.group-table tr', { hasText: `team: ${MARKUP}` }).waitFor();
    await page.locator('.group-table tr', { hasText: 'failing' }).locator('td.number', { hasText: '4' }).waitFor();
    await page.getByRole('link', { name: 'Traces of failing' }).click();
    await page.waitForURL(/\/traces\?group=failing/);
    await page.getByRole('button', { name: /^Group/ }).click();
    await page.getByRole('option', { name: 'All groups' }).click();
    await page.waitForURL((url) => !url.searchParams.has('group'));

    await page.goto(`${server.url}/groups?dialog=edit&name=failing`);
    await dialog.getByRole('button', { name: 'Remove tag 1' }).click();
    await dialog.getByLabel('Filter expression').fill('fault OR error');
    await dialog.getByText('From the moment you save, the group counts by this filter.').waitFor();
    await dialog.getByRole('button', { name: 'Save', exact: true }).last().click();
    await page.getByText('counted by this filter since').waitFor();
    assert.equal(await page.getByText(MARKUP).count(), 0);
    await page.goto(`${server.url}/groups?dialog=delete&name=failing`);
    await dialog.getByRole('button', { name: 'Delete group' }).click();
    await page.getByText('No group of your own yet').waitFor();
  }));

test('insights follow the groups that have them enabled', ENOUGH, () =>
  withPage(async (page) => {
    const switchDefault = (InsightsEnabled) => call('UpdateGroup', { GroupName: 'Default', InsightsConfiguration: { InsightsEnabled } });
    await page.goto(`${server.url}/insights`);
    await page.locator('.watched').getByRole('link', { name: 'Default' }).waitFor();
    await switchDefault(false);
    await page.reload();
    await page.getByRole('heading', { name: 'No group has insights enabled' }).waitFor();
    await call('CreateGroup', { GroupName: 'watched', FilterExpression: 'fault', InsightsConfiguration: { InsightsEnabled: true } });
    await page.reload();
    await page.getByRole('link', { name: 'watched' }).waitFor();
    await page.getByRole('columnheader', { name: 'Root cause' }).waitFor();
    await call('DeleteGroup', { GroupName: 'watched' });
    await switchDefault(true);
  }));

test('settings tell what was refused and what to do, and call the API', ENOUGH, () =>
  withPage(async (page, shot) => {
    await server.sendRaw(`{"format":"json","version":1}\n{"name":"${MARKUP}"`);
    await page.goto(`${server.url}/settings`);
    await page.locator('.grid tr', { hasText: 'ParseError' }).first().waitFor();
    await page.locator('.refusals li', { hasText: MARKUP }).first().waitFor();
    await shot('settings-ingest');
    await page.getByRole('tab', { name: 'API console' }).click();
    await page.getByRole('button', { name: /^Operation/ }).click();
    await page.getByRole('option', { name: /GetGroups/ }).click();
    assert.match(page.url(), /operation=GetGroups/);
    await page.getByLabel(/^POST \/Groups/).press('Control+Enter');
    await page.locator('.api-status', { hasText: '200' }).waitFor();
    await page.locator('.api-answer pre', { hasText: '"GroupName": "Default"' }).waitFor();
    await page.getByLabel(/^POST \/Groups/).fill('{"NextToken": 7}');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('.api-status', { hasText: '400' }).waitFor();
    await page.locator('.api-answer summary').click();
    await page.locator('.api-headers', { hasText: 'SerializationException' }).waitFor();
    await shot('settings-api');
    await page.getByRole('tab', { name: 'Display' }).click();
    await page.getByRole('button', { name: 'UTC', exact: true }).click();
    await page.getByRole('button', { name: 'Compact' }).click();
    await page.waitForFunction(() => document.body.classList.contains('awsui-compact-mode'));
  }, 'light', /400/));

test('the doctor tells the fate of a trace from the search box on', ENOUGH, () =>
  withPage(async (page, shot) => {
    const refused = newTraceId();
    await server.send([{ id: 'not an id', trace_id: refused, name: 'lost', start_time: 1, end_time: 2 }]);
    await page.goto(`${server.url}/alarms`);
    const box = page.locator('.command-box input');
    const paste = async (text) => {
      await box.waitFor();
      await page.keyboard.press('Control+k');
      await page.locator('.command-box input:focus').waitFor();
      await page.keyboard.type(text);
      await page.keyboard.press('Enter');
    };
    await paste(`Root=${newTraceId()};Parent=53995c3f42cd8ad8;Sampled=0`);
    await page.waitForURL(/\/doctor\?q=/);
    await page.getByRole('heading', { name: 'Nothing of it has arrived' }).waitFor();
    await page.getByText('The header says Sampled=0').waitFor();
    await shot('doctor-unsampled');
    await page.getByLabel('Trace id or header').fill(refused);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'It came, and was refused' }).waitFor();
    await page.locator('.fate', { hasText: 'An id has 16 hex digits' }).waitFor();
    await page.getByLabel('Trace id or header').fill(refused.slice(0, 34));
    await page.keyboard.press('Enter');
    await page.getByText('It has 8 and 23 digits').waitFor();
    const here = newTraceId();
    await server.send([{ id: hex(16), trace_id: here, name: 'here', start_time: Date.now() / 1000 - 1, end_time: Date.now() / 1000 }]);
    await page.getByLabel('Trace id or header').fill(`${here.slice(0, 34)}${here.endsWith('0') ? '1' : '0'}`);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Did you mean' }).waitFor();
    await page.getByRole('link', { name: here }).waitFor();
    await paste(here);
    await page.waitForURL(new RegExp(`/traces/${here}`));
  }));

test('keys work on every page, and the help tells of them', ENOUGH, () =>
  withPage(async (page) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${server.url}/groups`);
    await page.getByRole('heading', { name: 'Groups' }).waitFor();
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const range = (text) => page.waitForFunction((wanted) => new URLSearchParams(location.search).get('range') === wanted, text);
    await press('-');
    await range('PT1H');
    await press('=', '=');
    await range('PT15M');
    await press('[');
    await page.waitForURL(/range=2.*(~|%7E)/);
    await press(']');
    await range('PT15M');
    await press('y');
    await page.getByText('Link copied').waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /\/groups\?range=2\d{3}-.*(~|%7E)2/);
    assert.match(page.url(), /range=PT15M/);
    await press('l');
    await page.getByRole('button', { name: /^Paused/ }).waitFor();
    await press('l');
    await page.getByRole('button', { name: /^Live/ }).waitFor();
    await press('t');
    await page.getByRole('dialog').waitFor();
    await press('Escape');
    await press('g', 's');
    await page.waitForURL(/\/sampling/);
    await page.getByRole('heading', { name: 'Sampling rules' }).waitFor();
    await press('?');
    await page.getByRole('dialog', { name: 'Help' }).getByText('copy a link that lasts').waitFor();
    await press('Escape');
    // Until it is gone, keys are the dialog's.
    await page.getByRole('dialog', { name: 'Help' }).waitFor({ state: 'hidden' });
    await press('/');
    await page.locator('.command-box input:focus').waitFor();
    await page.keyboard.type('>api');
    await page.getByRole('option', { name: 'Call the API' }).waitFor();
    await press('Enter');
    await page.waitForURL(/\/settings\?.*tab=api/);
    const dark = await page.evaluate(() => document.body.classList.contains('awsui-dark-mode'));
    await page.locator('h1').click();
    await press('d');
    await page.waitForFunction((was) => document.body.classList.contains('awsui-dark-mode') !== was, dark);
  }));

test('links of AWS’s consoles land where they mean', ENOUGH, () =>
  withPage(async (page) => {
    const id = newTraceId();
    for (const [from, to] of [
      ['/xray/home?region=eu-west-1#/service-map?timeRange=PT1H', /\/\?range=PT1H$/],
      ['/xray/home?region=eu-west-1#/traces?filter=fault', /\/traces\?filter=fault$/],
      ['/xray/home#/sampling', /\/sampling$/],
      ['/xray/home#/groups', /\/groups$/],
      ['/xray/home#/analytics', /\/analytics$/],
      ["/cloudwatch/home?region=eu-west-1#xray:traces/query?~(query~'fault~context~(timeRange~(delta~3600000)))", /\/traces\?range=PT1H&filter=fault$/],
      ['/cloudwatch/home#xray:service-map/map', /\/$/],
      [`/cloudwatch/home#xray:traces/${id}`, new RegExp(`/traces/${id}$`)],
      ['/xray/home', /\/$/],
    ]) {
      await page.goto('about:blank');
      await page.goto(server.url + from);
      await page.waitForURL(to);
    }
  }, 'light', /404/));

test('a page that cannot be had says why, with the request and a command', ENOUGH, () =>
  withPage(async (page, shot) => {
    const problem = { type: 'about:blank', title: 'Internal failure', status: 500, detail: `something went wrong ${MARKUP}`, requestId: 'r-42', filter: null };
    for (const [path, api] of [['/sampling', '/api/sampling'], ['/groups', '/api/groups'], ['/settings', '/api/status'], ['/doctor?q=1', '/api/doctor']]) {
      await page.route(`**${api}*`, (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(problem) }));
      await page.goto(server.url + path);
      const alert = page.locator('.failure', { hasText: 'r-42' }).first();
      await alert.waitFor();
      await alert.getByText(`something went wrong ${MARKUP}`).waitFor();
      await alert.locator('code', { hasText: `curl -sS '${server.url}${api}` }).waitFor();
      await page.unrouteAll();
    }
    await shot('failure');
  }, 'light', /500/));

const PAGES = [
  ['/sampling?path=/checkout', 'Sampling rules'], ['/sampling?dialog=new', 'Create a sampling rule'], ['/sampling?dialog=import', 'Import sampling rules'],
  ['/groups', 'Groups'], ['/groups?dialog=new', 'Create a group'], ['/services', 'Services'], ['/exceptions', 'Exceptions'], ['/insights', 'Insights'], ['/alarms', 'Alarms'], ['/settings', 'Doors'], ['/settings?tab=storage', 'Retention'],
  ['/settings?tab=access', 'Access'], ['/settings?tab=display', 'Display'], ['/settings?tab=api', 'API console'], ['/settings?tab=about', 'Documentation'],
  ['/doctor?q=1-58406520-a006649127e371903a2de979', 'Nothing of it has arrived'],
];

for (const scheme of ['light', 'dark']) {
  test(`every page of settings is accessible (${scheme})`, ENOUGH, () =>
    withPage(async (page, shot) => {
      await dropRules();
      await call('CreateSamplingRule', rule('checkout', 10, '/checkout*'));
      await call('CreateSamplingRule', rule('never', 20, '/checkout/deep'));
      const found = [];
      for (const [path, heading] of PAGES) {
        await page.goto(server.url + path);
        await page.getByRole('heading', { name: new RegExp(`^${heading}`) }).first().waitFor();
        await page.locator('.live-live').waitFor();
        await assertAccessible(page, path).catch((error) => found.push(error.message));
        await shot(`setup${path.replaceAll(/\W+/g, '-')}`.slice(0, 40));
      }
      assert.deepEqual(found, []);
    }, scheme));
}

test('at twice the size nothing is cut off, and nothing moves for who wants no motion', ENOUGH, () =>
  withPage(async (page, shot) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 640, height: 450 });
    for (const [path, heading] of PAGES) {
      await page.goto(server.url + path);
      await page.getByRole('heading', { name: new RegExp(`^${heading}`) }).first().waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0, `${path} scrolls sideways`);
    }
    await shot('twice');
    const moving = await page.evaluate(() => [...document.querySelectorAll('.live-dot, .notice')].some((one) => getComputedStyle(one).animationName !== 'none'));
    assert.equal(moving, false);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
  }));
