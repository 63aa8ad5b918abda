// Runs the browser's tests file by file, and says which are flaky: those that fail and pass when they are run again.
//
// A browser on a busy machine now and then misses a moment, so one file may be tried again. A second one that needs it fails the run:
// then it is no accident of the machine, but a race in the console or in a test. A file that fails twice fails the run at once.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const ROOT = new URL('..', import.meta.url).pathname;
/** Each test has a limit of its own; this is for what stands between them. The slowest file takes two minutes. */
const LIMIT_MS = 15 * 60_000;
const MOST_FLAKY = 1;

/** The names of the tests that failed, with those that had begun when the file's time was up. */
async function failures(file) {
  const failed = new Set();
  const begun = new Set();
  const tests = run({ files: [file], concurrency: 1, timeout: LIMIT_MS });
  tests.on('test:dequeue', ({ name }) => begun.add(name));
  tests.on('test:pass', ({ name }) => begun.delete(name));
  tests.on('test:fail', ({ name }) => {
    begun.delete(name);
    failed.add(name);
  });
  const report = tests.compose(new spec());
  report.on('data', (part) => process.stdout.write(part));
  await finished(report);
  begun.delete(file);
  return [...failed, ...[...begun].map((name) => `${name} (had not ended)`)];
}

const named = process.argv.slice(2);
const files = named.length > 0 ? named : readdirSync(join(ROOT, 'e2e')).filter((name) => name.endsWith('.test.mjs')).sort().map((name) => join(ROOT, 'e2e', name));
const flaky = [];
let isBad = false;
for (const file of files) {
  const name = relative(process.cwd(), file);
  const first = await failures(file);
  if (first.length === 0) continue;
  console.log(`\n${name} failed; it is tried once more`);
  const second = await failures(file);
  if (second.length > 0) {
    console.log(`\nfailed twice: ${name}: ${second.join('; ')}`);
    isBad = true;
    break;
  }
  flaky.push(`flaky: ${name}: ${first.join('; ')}`);
  if (flaky.length > MOST_FLAKY) break;
}
console.log(`\nbrowser tests: ${files.length} files, ${flaky.length} flaky`);
for (const line of flaky) console.log(line);
if (flaky.length > MOST_FLAKY) console.log('Two files that need a second try are no accident: look for the race.');
process.exitCode = isBad || flaky.length > MOST_FLAKY ? 1 : 0;
