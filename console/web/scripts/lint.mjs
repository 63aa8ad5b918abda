// The few rules that the compiler does not know: short files, a first line that says what a file holds, text stays text.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LONGEST = 300;
const BANNED = [
  [/dangerouslySetInnerHTML|\.innerHTML\b|insertAdjacentHTML|document\.write/, 'strings from segments are text, never markup'],
  [/\beval\(|new Function\(/, 'the content security policy forbids it'],
  [/<style[\s>]/, 'the content security policy forbids inline style elements'],
  [/console\.log\(/, 'no logging to the console'],
  [/: any\b|as any\b/, 'no any'],
  [/https?:\/\/(?!127\.0\.0\.1|localhost|www\.w3\.org)/, 'the console fetches nothing from elsewhere'],
];

function files(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name === 'generated') return [];
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

const root = new URL('..', import.meta.url).pathname;
let findings = 0;
function finding(path, line, message) {
  findings += 1;
  console.error(`${path.slice(root.length)}:${line}: ${message}`);
}

for (const path of files(join(root, 'src'))) {
  if (!/\.(tsx?|css)$/.test(path)) continue;
  const lines = readFileSync(path, 'utf8').split('\n');
  const isOurs = !path.endsWith('cloudscape.css');
  const isTest = /\.test\.tsx?$/.test(path);
  if (isOurs && lines.length - 1 > LONGEST) finding(path, lines.length - 1, `longer than ${LONGEST} lines`);
  if (isOurs && !/^(\/\/ |\/\* ).*\.( \*\/)?$/.test(lines[0])) finding(path, 1, 'the first line says in one sentence what the file holds');
  // Examples for people to paste name addresses and print; they are text here.
  if (isTest || path.endsWith('.css') || path.endsWith('snippets.ts')) continue;
  lines.forEach((line, index) => {
    for (const [pattern, reason] of BANNED) {
      if (pattern.test(line)) finding(path, index + 1, reason);
    }
  });
}
console.log(`lint: ${findings} findings`);
if (findings > 0) process.exit(1);
