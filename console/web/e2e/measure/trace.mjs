// Prints how long a large trace takes to open, how smoothly it scrolls, and what it holds in memory. Nothing is asserted: machines differ.
import { openBrowser } from '../browser.mjs';
import { startServer } from '../server.mjs';
import { manySpans, submit } from '../trace-corpus.mjs';

const SIZES = [10_000, 50_000];
const TIMES = 3;

const [browser, server] = await Promise.all([openBrowser(), startServer()]);
try {
  for (const size of SIZES) {
    const trace = manySpans(size);
    await submit(server.url, trace);
    const address = `${server.url}/api/traces/${trace.id}`;
    const before = performance.now();
    const bytes = (await (await fetch(address)).arrayBuffer()).byteLength;
    const answer = performance.now() - before;
    const opened = [];
    let scroll;
    let memory;
    for (let time = 0; time < TIMES; time += 1) {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      await page.goto(`${server.url}/traces/${trace.id}`);
      await page.locator('[role=row]').first().waitFor();
      opened.push(await page.evaluate(() => performance.now()));
      await page.locator('.exception').waitFor();
      await page.keyboard.press('x');
      await page.waitForFunction(() => document.querySelectorAll('[role=row]').length > 20);
      scroll = await page.evaluate(scrolled);
      const devtools = await page.context().newCDPSession(page);
      await devtools.send('HeapProfiler.collectGarbage');
      memory = await page.evaluate(() => ({ heap: performance.memory.usedJSHeapSize / 1e6, nodes: document.querySelectorAll('*').length }));
      await page.close();
    }
    const round = (value) => Math.round(value);
    console.log(
      `trace of ${size} spans: answer ${(bytes / 1e6).toFixed(1)} MB in ${round(answer)} ms; first row after ${opened.map(round).join(', ')} ms; ` +
        `scroll p50 ${round(scroll.p50)} ms, p95 ${round(scroll.p95)} ms, longest ${round(scroll.longest)} ms; heap ${round(memory.heap)} MB, ${memory.nodes} nodes`,
    );
  }
} finally {
  await browser.close();
  await server.stop();
}

/** Scrolls for two hundred frames, and gives the times between them. */
function scrolled() {
  const box = document.querySelector('.waterfall-rows');
  const frames = [];
  return new Promise((resolve) => {
    let last = performance.now();
    const step = (now) => {
      frames.push(now - last);
      last = now;
      box.scrollTop += 260;
      if (frames.length < 200) requestAnimationFrame(step);
      else {
        const sorted = frames.slice(1).sort((a, b) => a - b);
        const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
        resolve({ p50: at(0.5), p95: at(0.95), longest: at(1) });
      }
    };
    requestAnimationFrame(step);
  });
}
