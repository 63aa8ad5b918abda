// Debian's Chromium for tests, and pages that fail a test when the console complains or the policy is violated.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

export const LAUNCH = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
};

const OUTPUT = new URL('../test-output/', import.meta.url).pathname;
const AXE = createRequire(import.meta.url)('axe-core').source;

export const openBrowser = () => chromium.launch(LAUNCH);

/** `allow` names console errors that the test means to cause. */
export async function openPage(browser, scheme = 'light', allow = /^$/) {
  mkdirSync(OUTPUT, { recursive: true });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  // For a machine that does much else. What takes longer than a second is told by the limits of `e2e/measure`, not here.
  page.setDefaultTimeout(30_000);
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !allow.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return {
    page,
    shot: (name) => page.screenshot({ path: `${OUTPUT}${name}-${scheme}.png`, animations: 'disabled' }),
    async close() {
      const violations = await page.evaluate(() => window.violations);
      await context.close();
      assert.deepEqual(violations, [], 'the content security policy was violated');
      assert.deepEqual(complaints, [], 'the browser console complained');
    },
  };
}

/** A page for one test: closed, and looked at for complaints, when the test has passed; closed all the same when it has not. */
export async function withPage(browser, run, scheme, allow) {
  const { page, shot, close } = await openPage(browser, scheme, allow);
  let isDone = false;
  try {
    await run(page, shot);
    isDone = true;
  } finally {
    // What the test says went wrong is told, not what the browser complains of because of it.
    await (isDone ? close() : page.context().close());
  }
}

/** No violation of WCAG 2.2 AA on the page as it stands, and none of axe's advice left out. */
export async function assertAccessible(page, what) {
  // Between two pages there is neither, until the code of the next one is there.
  await page.locator('h1').first().waitFor({ state: 'attached' });
  // In the middle of a transition colours are neither the old nor the new ones.
  await page.evaluate(() =>
    Promise.all(
      document.getAnimations().filter((one) => one.playState === 'running' && one.effect?.getComputedTiming().endTime !== Infinity).map((one) => one.finished.catch(() => {})),
    ));
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      resultTypes: ['violations'],
      // New in WCAG 2.2, and off in axe unless asked for.
      rules: { 'target-size': { enabled: true } },
    });
    return violations
      .map((violation) => `${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${(node.any[0] ?? node.all[0])?.message ?? ''})`).join('; ')}`);
  });
  assert.deepEqual(found, [], `${what} is not accessible`);
}

/** The colour that a CSS variable of the page has now. */
export function token(page, name) {
  return page.evaluate((variable) => getComputedStyle(document.body).getPropertyValue(variable).trim(), name);
}
