// Prints how quick and how heavy the map is at 60, 250 and 2,000 services; figures to read, not to pass or fail.
import { openBrowser } from '../browser.mjs';
import { sendFleet } from '../fleet.mjs';
import { startServer } from '../server.mjs';

const SIZES = process.argv.slice(2).map(Number);
const PAN_STEPS = 90;

const quantile = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];

async function measure(browser, services) {
  const server = await startServer();
  try {
    await sendFleet(server.url, services, { rounds: 2, failing: [0, 3] });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${server.url}/api/status`);
    const open = async () => {
      const began = Date.now();
      await page.goto(`${server.url}/?range=PT5M`);
      await page.waitForFunction(() => document.querySelectorAll('.service-node').length > 5 && getComputedStyle(document.querySelector('.react-flow__node')).visibility === 'visible');
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      return Date.now() - began;
    };
    const cold = await open();
    // Without the positions of the first visit.
    await page.evaluate(() => sessionStorage.clear());
    const warm = await open();
    await page.waitForTimeout(500);
    await page.evaluate(() => {
      window.frames_ = [];
      let last = performance.now();
      const tick = (now) => {
        window.frames_.push(now - last);
        last = now;
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    const box = await page.locator('.react-flow__pane').boundingBox();
    await page.mouse.move(box.x + 12, box.y + 80);
    await page.mouse.down();
    for (let step = 0; step < PAN_STEPS; step += 1) await page.mouse.move(box.x + 12 + step * 4, box.y + 80 + (step % 30) * 4);
    await page.mouse.up();
    const frames = (await page.evaluate(() => window.frames_)).slice(2);
    const session = await context.newCDPSession(page);
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const drawn = await page.locator('.service-node').count();
    const elements = await page.evaluate(() => document.querySelectorAll('*').length);
    await context.close();
    return { services, drawn, elements, cold, warm, p50: quantile(frames, 0.5), p95: quantile(frames, 0.95), heap: usedSize / 1e6 };
  } finally {
    await server.stop();
  }
}

const browser = await openBrowser();
console.log('services  drawn  elements  cold ms  warm ms  pan p50 ms  pan p95 ms  heap MB');
for (const services of SIZES.length > 0 ? SIZES : [60, 250, 2000]) {
  const row = await measure(browser, services);
  const cells = [row.services, row.drawn, row.elements, row.cold, row.warm, row.p50.toFixed(1), row.p95.toFixed(1), row.heap.toFixed(1)];
  console.log(cells.map((cell, index) => String(cell).padStart([8, 6, 9, 8, 8, 11, 11, 8][index])).join(' '));
}
await browser.close();
