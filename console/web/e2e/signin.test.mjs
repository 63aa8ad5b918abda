// A server that asks who is there: the console leads to the sign-in page, and from there back.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, openPage } from './browser.mjs';
import { binary, startServer } from './server.mjs';
import { broken, healthy, repeat } from './springboot.mjs';

const folder = mkdtempSync(join(tmpdir(), 'fluoro-keys-'));
const keys = join(folder, 'keys.json');
let browser;
let server;
let token;

before(async () => {
  const made = execFileSync(binary(), ['keys', 'create', '--keys', keys, '--console', '--name', 'ana', '--policy', 'full', '--json'], { encoding: 'utf8' });
  ({ token } = JSON.parse(made));
  [browser, server] = await Promise.all([openBrowser(), startServer('--auth', 'on', '--keys', keys)]);
  await server.send([...repeat(4, healthy), ...repeat(4, broken)]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Who may only read is refused on no page: each asks what it shows, and nothing is answered with 403 but the list of keys. */
async function seesEverything(page) {
  const refused = [];
  const note = (answer) => {
    if (answer.status() === 403 && !answer.url().includes('/api/keys')) refused.push(`${answer.request().method()} ${answer.url()}`);
  };
  page.on('response', note);
  for (const path of ['/', '/?sel=SpringBoot', '/traces', '/services', '/services/SpringBoot', '/exceptions', '/analytics?a=fault', '/insights', '/alarms', '/groups', '/sampling', '/doctor', ...['storage', 'ingest', 'api', 'access', 'display', 'about'].map((tab) => `/settings?tab=${tab}`)]) {
    await page.goto(`${server.url}${path}`);
    await page.locator('main h1').first().waitFor({ state: 'attached' });
    await page.waitForFunction(() => document.querySelector('.loading') === null);
  }
  // Words of a filter are completed and two sets compared, which are questions with a body.
  await page.goto(`${server.url}/traces`);
  const field = page.getByRole('textbox', { name: 'Filter expression' });
  const [completed] = await Promise.all([page.waitForResponse((answer) => answer.url().includes('/api/filter/complete')), field.pressSequentially('serv')]);
  assert.equal(completed.status(), 200);
  const [compared] = await Promise.all([page.waitForResponse((answer) => answer.url().includes('/api/compare')), page.goto(`${server.url}/analytics?a=fault`)]);
  assert.equal(compared.status(), 200);
  page.off('response', note);
  assert.deepEqual(refused, []);
}

for (const scheme of ['light', 'dark']) {
  test(`one signs in and out, and comes back to where one wanted to be (${scheme})`, { timeout: 180_000 }, async () => {
    // The browser reports every answer of 401.
    const opened = await openPage(browser, scheme, /401/);
    const { page } = opened;
    await page.goto(`${server.url}/traces?range=1h&group=Default`);
    await page.waitForURL(/\/signin\?next=/);
    await assertAccessible(page, 'the sign-in page');
    await page.getByLabel('Console token').fill('fluoro_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'this is no token of this server' }).waitFor();
    await opened.shot('signin');
    await page.getByLabel('Console token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(/\/traces\?/);
    assert.match(page.url(), /range=1h&group=Default/);
    assert.equal(await page.evaluate(() => document.cookie), '', 'a script can read the cookie');
    assert.equal(await page.evaluate(async () => (await fetch('/api/status')).status), 200);
    await page.goto(`${server.url}/signin`);
    await page.getByText('Signed in as ana.').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Signed in as ana.').waitFor({ state: 'hidden' });
    await page.goto(`${server.url}/`);
    await page.waitForURL(/\/signin\?next=%2F$/);
    await opened.close();
  });
}

async function signIn(page, with_) {
  await page.goto(`${server.url}/signin?next=/settings?tab=access`);
  await page.getByLabel('Console token').fill(with_);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(/\/settings/);
}

for (const scheme of ['light', 'dark']) {
  test(`keys are made, shown once and revoked by who may (${scheme})`, { timeout: 180_000 }, async () => {
    const { page, shot, close } = await openPage(browser, scheme, /40[13]/);
    await signIn(page, token);
    await page.getByText('Signed in as ana.').waitFor();
    await page.getByRole('button', { name: 'Create key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill(`eve-${scheme}`);
    await dialog.getByRole('radio', { name: /^Console token/ }).check();
    const policy = dialog.getByLabel('Policy', { exact: true });
    await policy.fill('{ "Version": "2012-10-17", "Statement": [');
    await dialog.getByText(/line 1/).waitFor();
    await assertAccessible(page, 'the policy editor');
    await shot('key-policy');
    await dialog.getByRole('button', { name: /^Start from/ }).click();
    await page.getByRole('option', { name: 'Read only' }).click();
    await dialog.getByRole('button', { name: 'Create key' }).click();
    await dialog.getByText('This is shown once.').waitFor();
    const made = await dialog.locator('.expression code').innerText();
    assert.match(made, /^fluoro_[0-9a-f]{64}$/);
    await assertAccessible(page, 'the new token');
    await dialog.getByRole('button', { name: 'I have kept it' }).click();
    assert.equal(await page.getByText(made).count(), 0);
    await page.locator('.grid tr', { hasText: `eve-${scheme}` }).getByText('Read only').waitFor();
    await assertAccessible(page, 'the list of keys');
    await shot('keys');

    const other = await openPage(browser, scheme, /40[13]/);
    await signIn(other.page, made);
    await other.page.getByText('Keys are managed by whoever has a policy with').waitFor();
    await other.page.goto(`${server.url}/sampling`);
    await other.page.getByRole('heading', { name: /^Sampling rules/ }).waitFor();
    assert.equal(await other.page.getByRole('button', { name: 'Create rule' }).isDisabled(), true);
    await seesEverything(other.page);

    await page.getByRole('button', { name: new RegExp(`^Revoke eve-${scheme}`) }).click();
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.locator('.grid tr', { hasText: `eve-${scheme}` }).waitFor({ state: 'detached' });
    // A page that has found out by itself is on its way there already, which ends the reload.
    await other.page.reload().catch(() => undefined);
    await other.page.waitForURL(/\/signin/);
    await Promise.all([close(), other.close()]);
  });
}
