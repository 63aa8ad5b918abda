// Prints how long a large trace takes to open, how smoothly it scrolls, and what it holds in memory. Nothing is asserted: machines differ.
import { openBrowser } from '../browser.mjs';
import { startServer } from '../server.mjs';
import { manySpans, submit } from '../trace-corpus.mjs';

const SIZES = (process.env.SIZES ?? "10000,50000").split(",").map(Number);
const TIMES = 3;
const FRAMES = 200;

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
      const devtools = await page.context().newCDPSession(page);
      await devtools.send('Performance.enable');
      const spent = async () => Object.fromEntries((await devtools.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value * 1000]));
      const idle = await spent();
      scroll = await page.evaluate(scrolled, FRAMES);
      const busy = await spent();
      scroll.cost = ['ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration'].map((name) => (busy[name] - idle[name]) / FRAMES);
      await devtools.send('HeapProfiler.collectGarbage');
      memory = await page.evaluate(() => ({ heap: performance.memory.usedJSHeapSize / 1e6, nodes: document.querySelectorAll('*').length }));
      await page.close();
    }
    const round = (value) => Math.round(value);
    const tenths = (value) => value.toFixed(1);
    console.log(
      `trace of ${size} spans: answer ${(bytes / 1e6).toFixed(1)} MB in ${round(answer)} ms; first row after ${opened.map(round).join(', ')} ms; ` +
        `scroll p50 ${round(scroll.p50)} ms, p95 ${round(scroll.p95)} ms, longest ${round(scroll.longest)} ms (a frame: script ${tenths(scroll.cost[0])}, style ${tenths(scroll.cost[1])}, layout ${tenths(scroll.cost[2])} ms); heap ${round(memory.heap)} MB, ${memory.nodes} nodes`,
    );
  }
} finally {
  await browser.close();
  await server.stop();
}

/** Scrolls ten rows a frame, and gives the times between frames. */
function scrolled(count) {
  const box = document.querySelector('.waterfall-rows');
  const frames = [];
  return new Promise((resolve) => {
    let last = performance.now();
    const step = (now) => {
      frames.push(now - last);
      last = now;
      box.scrollTop += 260;
      if (frames.length < count) requestAnimationFrame(step);
      else {
        const sorted = frames.slice(1).sort((a, b) => a - b);
        const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
        resolve({ p50: at(0.5), p95: at(0.95), longest: at(1) });
      }
    };
    requestAnimationFrame(step);
  });
}
