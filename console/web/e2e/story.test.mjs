// The story: a green map, an outage, a red map within seconds, and two clicks to the exception; in light and in dark.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, openPage } from './browser.mjs';
import { startServer } from './server.mjs';
import { broken, healthy, repeat } from './springboot.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
});

for (const scheme of ['light', 'dark']) {
  test(`an outage is seen, understood and shown by its exception (${scheme})`, { timeout: 180_000 }, async () => {
    const server = await startServer();
    const { page, shot, close } = await openPage(browser, scheme);
    try {
      await walk(server, page, shot, scheme);
      // Before the server, of which the page asks every second.
      await close();
    } finally {
      await server.stop();
    }
  });
}

async function walk(server, page, shot, scheme) {
  await page.goto(server.url);
  await page.getByRole('heading', { name: 'No traces yet' }).waitFor();

  await server.send(repeat(20, healthy));
  const first = page.getByRole('button', { name: /^SpringBoot, EKS Container/ });
  await first.waitFor();
  await page.getByText('All clear').waitFor();
  assert.equal(await page.title(), 'Fluoro: all clear');
  assert.doesNotMatch(await first.getAttribute('aria-label'), /fault/);
  const second = page.getByRole('button', { name: /^SpringBoot2, EKS Container/ });
  assert.equal(await second.count(), 1);
  await shot('story-1-green');

  await server.send(repeat(12, broken));
  const sentence = page.locator('.issue-title').first();
  await sentence.waitFor();
  assert.equal((await sentence.innerText()).trim(), 'SpringBoot2 is failing');
  await page.getByRole('button', { name: /^SpringBoot, EKS Container.*fault/ }).waitFor();
  await page.waitForFunction(() => document.title.startsWith('(1)'));
  assert.match(await page.locator('#favicon').getAttribute('href'), /fault/);
  const rail = await page.locator('.issue').first().innerText();
  assert.match(rail, /java\.net\.UnknownHostException/);
  assert.match(rail, /12 of 12 requests/);
  assert.match(rail, /9 users/);
  const red = await page.locator('.service-node:has([data-node^="SpringBoot2"]) .ring-fault').evaluate((ring) => getComputedStyle(ring).stroke);
  assert.equal(red, scheme === 'dark' ? 'rgb(255, 93, 100)' : 'rgb(217, 21, 21)');
  await shot('story-2-red');

  await page.locator('.issue').hover();
  // From the clients to SpringBoot, and from there to what is gone.
  await page.waitForFunction(() => document.querySelectorAll('.call-edge.is-lit').length === 2);
  await page.getByRole('button', { name: /^Root cause/ }).first().click();
  await page.getByRole('tab', { name: /^Why/ }).waitFor();
  await page.locator('.why-group', { hasText: 'UnknownHostException' }).waitFor();
  await page.mouse.move(700, 120);
  await page.waitForTimeout(400);
  await shot('story-3-root-cause');
  await assertAccessible(page, 'the map with its panel');

  await page.locator('.panel').getByRole('button', { name: 'Example trace' }).click();
  await page.waitForURL(/\/traces\/1-/);
  const tab = page.getByRole('tab', { name: /^Exceptions/ });
  await tab.waitFor();
  assert.equal(await tab.getAttribute('aria-selected'), 'true');
  await page.locator('.exception', { hasText: 'java.net.UnknownHostException' }).first().waitFor();
  assert.match(await page.locator('.exception').first().innerText(), /Name or service not known/);
  await page.locator('.frame-label', { hasText: 'lookupAllHostAddr' }).first().waitFor();
  // One name on all pages.
  assert.match(await page.locator('.trace-origin').innerText(), /SpringBoot2/);
  await shot('story-4-exception');
  await assertAccessible(page, 'the trace');

  await page.goBack();
  await page.getByRole('button', { name: /^SpringBoot, EKS Container/ }).click();
  await page.locator('.why-cause').waitFor();
  await shot('story-5-affected');
}
