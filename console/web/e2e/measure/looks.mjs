// Takes pictures of every page in four sizes and both themes, of a shop with an outage, of a fleet of 250, and of pages that have nothing to show; to be
// looked at, not to pass or fail.
// `node e2e/measure/looks.mjs traces map` takes those whose names hold one of the words.
import { mkdirSync } from 'node:fs';
import { openBrowser } from '../browser.mjs';
import { sendFleet } from '../fleet.mjs';
import { startServer } from '../server.mjs';
import { broken, healthy, repeat } from '../springboot.mjs';
import { failedCheckout, goodCheckout, submit } from '../trace-corpus.mjs';

const OUTPUT = new URL('../../test-output/looks/', import.meta.url).pathname;
const SIZES = [[1440, 900], [1280, 800], [720, 900], [390, 844]];
const THEMES = ['light', 'dark'];
/** Charts glide to their places, and lists come after their pages. */
const SETTLED_MS = 1200;

const words = process.argv.slice(2);
const [browser, shop, fleet, empty] = await Promise.all([openBrowser(), startServer(), startServer(), startServer()]);
mkdirSync(OUTPUT, { recursive: true });
try {
  const [failed, good] = [failedCheckout(), goodCheckout()];
  await shop.demo('--once');
  await shop.send(repeat(40, healthy));
  await shop.send(repeat(20, broken));
  for (const trace of [failed, good]) await submit(shop.url, trace);
  await sendFleet(fleet.url, 250, { rounds: 2, failing: [0] });
  const now = await waitFor(async () => {
    const until = Date.now();
    const answer = await (await fetch(`${shop.url}/api/now?from=${until - 1_800_000}&to=${until + 1000}`)).json();
    return answer.entries.length > 0 ? answer : undefined;
  });
  const issue = now.entries[0];
  const pages = [
    ['map', shop, '/'],
    ['map-selected', shop, `/?sel=${encodeURIComponent(issue.nodeId)}&pane=why`],
    ['map-table', shop, '/?view=table'],
    ['map-250', fleet, '/'],
    ['traces', shop, '/traces'],
    ['traces-shown', shop, `/traces?show=${failed.id}`],
    ['traces-over-time', shop, '/traces?course=1&by=service'],
    ['trace', shop, `/traces/${failed.id}`],
    ['trace-compare', shop, `/traces/${failed.id}?with=${good.id}`],
    ['trace-flame', shop, `/traces/${failed.id}?view=flame`],
    ['issue', shop, `/issues/${encodeURIComponent(issue.id)}`],
    ['services', shop, '/services'],
    ['service', shop, `/services/checkout?type=${encodeURIComponent('AWS::ECS::Container')}`],
    ['exceptions', shop, '/exceptions'],
    ['analytics', shop, '/analytics?a=fault'],
    ['analytics-tree', shop, '/analytics?a=fault&view=tree'],
    ['critical-path', shop, '/critical-path'],
    ['insights', shop, '/insights'],
    ['alarms', shop, '/alarms'],
    ['groups', shop, '/groups'],
    ['sampling', shop, '/sampling'],
    ['doctor', shop, '/doctor'],
    ['settings', shop, '/settings'],
    ['file', shop, '/file'],
    ['empty-map', empty, '/'],
    ['empty-traces', empty, '/traces'],
    ['empty-services', empty, '/services'],
    ['empty-exceptions', empty, '/exceptions'],
    ['empty-analytics', empty, '/analytics'],
    ['empty-critical-path', empty, '/critical-path'],
    ['empty-insights', empty, '/insights'],
    ['empty-alarms', empty, '/alarms'],
    ['empty-doctor', empty, '/doctor?q=nothing'],
    ['empty-settings', empty, '/settings'],
    ['unknown-trace', shop, '/traces/1-00000000-000000000000000000000001'],
    ['unknown-issue', shop, '/issues/nothing'],
    ['unknown-service', shop, '/services/nothing'],
    ['unknown-page', shop, '/nothing'],
    ['unknown-filter', shop, `/traces?filter=${encodeURIComponent('service("nothing")')}`],
    ['wrong-filter', shop, `/traces?filter=${encodeURIComponent('service(')}`],
    ['wrong-analytics', shop, `/analytics?a=${encodeURIComponent('service(')}`],
    ['wrong-critical-path', shop, `/critical-path?filter=${encodeURIComponent('service(')}`],
  ];
  for (const [name, server, path] of pages) {
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
    for (const colorScheme of THEMES) {
      const context = await browser.newContext({ colorScheme });
      const page = await context.newPage();
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        await page.goto(server.url + path);
        await page.locator('main > *').first().waitFor({ state: 'attached' });
        await page.waitForTimeout(SETTLED_MS);
        await page.screenshot({ path: `${OUTPUT}${name}-${width}-${colorScheme}.png`, animations: 'disabled' });
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (sideways > 0) console.log(`${name} at ${width}: ${sideways} px wider than the window`);
      }
      await context.close();
    }
    console.log(name);
  }
} finally {
  await browser.close();
  await Promise.all([shop.stop(), fleet.stop(), empty.stop()]);
}
console.log(`in ${OUTPUT}`);

/** Asks until there is an answer, as long as one waits for a page. */
async function waitFor(ask) {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('nothing was found in time');
}
