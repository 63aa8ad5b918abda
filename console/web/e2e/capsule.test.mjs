// An issue saved as a file from its page, and the console of `fluoro open`: the time that it shows, what it lets one do, and its pages.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, withPage as onPage } from './browser.mjs';
import { binary, startServer } from './server.mjs';
import { broken, healthy, repeat } from './springboot.mjs';

const ENOUGH = { timeout: 240_000 };

const PAGES = ['/exceptions', '/analytics', '/critical-path', '/insights', '/alarms', '/groups', '/sampling', '/doctor', '/settings'];

let browser;
let server;
let place;

before(async () => {
  place = mkdtempSync(join(tmpdir(), 'fluoro-capsule-'));
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  await server.send(repeat(10, healthy));
  await server.send(repeat(12, broken));
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(place, { recursive: true, force: true });
});

const withPage = (...test) => onPage(browser, ...test);

/** `fluoro open` on a free port. */
async function open(file) {
  const child = spawn(binary(), ['open', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const url = await new Promise((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (part) => {
      out += part;
      const line = /^Look at (\S+)/m.exec(out);
      if (line && out.includes('ready http=')) resolve(line[1]);
    });
    child.stderr.on('data', (part) => (out += part));
    child.once('exit', (code) => reject(new Error(`fluoro open ended with ${code}: ${out}`)));
  });
  return { url, stop: () => new Promise((resolve) => child.removeAllListeners('exit').once('close', resolve).kill('SIGTERM')) };
}

test('an issue is saved from its page, and its capsule shows every page without letting one change a thing', ENOUGH, async () => {
  const file = join(place, 'outage.capsule');
  await withPage(async (page) => {
    await page.goto(server.url);
    await page.getByRole('link', { name: /^Details of/ }).first().click();
    const saving = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Save as a capsule' }).click();
    const download = await saving;
    assert.match(download.suggestedFilename(), /\.capsule$/);
    await download.saveAs(file);
  });
  assert.ok(statSync(file).size > 500);

  const capsule = await open(file);
  try {
    for (const scheme of ['light', 'dark']) {
      await withPage(async (page, shot) => {
        await page.goto(capsule.url);
        const note = page.getByRole('complementary', { name: 'Capsule' });
        await note.getByText('A capsule, read-only.').waitFor();
        await page.getByRole('heading', { level: 1, name: /is failing/ }).waitFor();
        assert.equal(await page.getByRole('link', { name: 'Save as a capsule' }).count(), 0);
        await assertAccessible(page, 'the issue in a capsule');
        await shot('capsule-issue');
        await page.setViewportSize({ width: 390, height: 844 });
        await shot('capsule-phone');
      }, scheme);
    }
    await withPage(async (page, shot) => {
      const at = (path) => page.goto(new URL(path, capsule.url).href);
      await at('/');
      await page.getByRole('link', { name: /^Details of/ }).first().waitFor();
      await page.getByRole('button', { name: /SpringBoot2/ }).first().waitFor();
      await assertAccessible(page, 'the map of a capsule');
      await shot('capsule-map');
      await at('/traces');
      await page.locator('.trace-table tbody a').first().click();
      await page.waitForURL(/\/traces\/1-/);
      await page.getByRole('treegrid').waitFor();
      await at('/services');
      await page.getByRole('link', { name: 'SpringBoot', exact: true }).waitFor();
      // Every page has its heading, and asks for nothing that is refused.
      for (const path of PAGES) {
        await at(path);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.getByRole('complementary', { name: 'Capsule' }).waitFor();
        await assertAccessible(page, `${path} of a capsule`);
      }
      await at('/alarms');
      await page.getByRole('heading', { level: 1, name: 'Alarms' }).waitFor();
      await page.getByText('No alarm yet').waitFor();
      assert.equal(await page.getByRole('button', { name: 'Create an alarm' }).count(), 0);
    });
  } finally {
    await capsule.stop();
  }
});
