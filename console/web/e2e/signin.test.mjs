// A server that asks who is there: the console leads to the sign-in page, and from there back.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, openPage } from './browser.mjs';
import { binary, startServer } from './server.mjs';

const folder = mkdtempSync(join(tmpdir(), 'fluoro-keys-'));
const keys = join(folder, 'keys.json');
let browser;
let server;
let token;

before(async () => {
  const made = execFileSync(binary(), ['keys', 'create', '--keys', keys, '--console', '--name', 'ana', '--json'], { encoding: 'utf8' });
  ({ token } = JSON.parse(made));
  [browser, server] = await Promise.all([openBrowser(), startServer('--auth', 'on', '--keys', keys)]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

for (const scheme of ['light', 'dark']) {
  test(`one signs in and out, and comes back to where one wanted to be (${scheme})`, { timeout: 60_000 }, async () => {
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
