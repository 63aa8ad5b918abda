// Writes a `.br` file beside each built file and fails when a budget of the console is exceeded.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

// In KB (1,000 bytes) of brotli, so that a page opened over a slow link stays quick.
const BUDGET = { initialScript: 340, style: 80, lazyChunk: 40, total: 650 };

const dist = new URL('../dist/', import.meta.url).pathname;

function files(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

const html = readFileSync(join(dist, 'index.html'), 'utf8');
const sizes = { initialScript: 0, style: 0, lazyChunk: 0, total: 0 };
const rows = [];
for (const path of files(dist)) {
  if (path.endsWith('.br')) continue;
  const raw = readFileSync(path);
  // woff2 is brotli inside already.
  const compressed = path.endsWith('.woff2')
    ? raw
    : brotliCompressSync(raw, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length },
      });
  if (!path.endsWith('.woff2')) writeFileSync(`${path}.br`, compressed);
  const name = relative(dist, path);
  const kb = compressed.length / 1000;
  rows.push([name, raw.length / 1000, kb]);
  sizes.total += kb;
  if (name.endsWith('.css')) sizes.style += kb;
  if (name.endsWith('.js')) {
    if (html.includes(name)) sizes.initialScript += kb;
    else sizes.lazyChunk = Math.max(sizes.lazyChunk, kb);
  }
}
for (const [name, raw, kb] of rows.sort((a, b) => b[2] - a[2])) {
  console.log(`${name.padEnd(48)} ${raw.toFixed(1).padStart(9)} KB ${kb.toFixed(1).padStart(8)} KB br`);
}
let over = 0;
for (const [name, budget] of Object.entries(BUDGET)) {
  const isOver = sizes[name] > budget;
  over += Number(isOver);
  console.log(`budget ${name}: ${sizes[name].toFixed(1)} of ${budget} KB br${isOver ? ': TOO BIG' : ''}`);
}
if (over > 0) process.exit(1);
