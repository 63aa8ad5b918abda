// Runs the browser's tests file by file, and says which are flaky: those that fail and pass when they are run again.
//
// A browser on a busy machine now and then misses a moment, so one file may be tried again. A second one that needs it fails the run:
// then it is no accident of the machine, but a race in the console or in a test. So does a file that fails twice. The run ends at the
// second bad file.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const ROOT = new URL('..', import.meta.url).pathname;
/** Each test has a limit of its own; this is for what stands between them. The slowest file takes two minutes. */
const LIMIT_MS = 15 * 60_000;

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
const failed = [];
for (const file of files) {
  if (flaky.length + failed.length > 1) break;
  const name = relative(process.cwd(), file);
  const first = await failures(file);
  if (first.length === 0) continue;
  console.log(`\n${name} failed; it is tried once more`);
  const second = await failures(file);
  if (second.length > 0) failed.push(`failed twice: ${name}: ${second.join('; ')}`);
  else flaky.push(`flaky: ${name}: ${first.join('; ')}`);
}
console.log(`\nbrowser tests: ${files.length} files, ${failed.length} failed, ${flaky.length} flaky`);
for (const line of [...failed, ...flaky]) console.log(line);
if (flaky.length > 1) console.log('Two files that need a second try are no accident: look for the race.');
process.exitCode = failed.length > 0 || flaky.length > 1 ? 1 : 0;
