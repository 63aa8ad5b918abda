// Starts the real server on free ports with a data directory of its own, and ends it. A warning or an error in its log that
// the test does not expect fails the test.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = new URL('../../../', import.meta.url).pathname;
const START_MS = 20_000;
const STOP_MS = 8_000;
/** What may come of the machine that a test runs on. */
const OF_THE_MACHINE = [/UDP receive buffer/];

export function binary() {
  const candidates = [process.env.FLUORO_BIN, join(ROOT, 'target/release/fluoro'), join(ROOT, 'target/debug/fluoro')];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('no fluoro binary: run `make build`, or name one in FLUORO_BIN');
  return found;
}

export async function startServer(...flags) {
  const data = mkdtempSync(join(tmpdir(), 'fluoro-e2e-'));
  const child = spawn(binary(), ['serve', '--bind', '127.0.0.1:0', '--data-dir', data, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (part) => (log += part));
  const expected = [...OF_THE_MACHINE];
  // Once its output is through, which may be after it has ended.
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  const ready = await new Promise((resolve, reject) => {
    let out = '';
    const timer = setTimeout(() => reject(new Error(`fluoro did not get ready:\n${out}${log}`)), START_MS);
    child.stdout.on('data', (part) => {
      out += part;
      const line = /^ready http=(\S+) udp=(\S+)/m.exec(out);
      if (!line) return;
      clearTimeout(timer);
      resolve({ http: line[1], udp: line[2] });
    });
    child.once('exit', (code) => reject(new Error(`fluoro ended with ${code}:\n${log}`)));
  });
  return {
    url: `http://${ready.http}`,
    udp: ready.udp,
    log: () => log,
    /** The test makes the server log a warning or an error like this. */
    expect: (pattern) => expected.push(pattern),
    send: (documents) => sendAll(ready.udp, documents),
    sendRaw: (text) => sendRaw(ready.udp, text),
    demo: (...flags) => runDemo(ready.udp, flags),
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      const code = await ended;
      clearTimeout(timer);
      rmSync(data, { recursive: true, force: true });
      assert.equal(code, 0, `how fluoro ended:\n${log}`);
      assert.deepEqual(unexpected(log, expected), [], 'unexpected in the log');
    },
  };
}

/** The lines of warnings, errors and panics that no pattern is for. */
function unexpected(log, expected) {
  const loud = log.split('\n').filter((line) => / (WARN|ERROR) |panicked/.test(line));
  return loud.filter((line) => !expected.some((pattern) => pattern.test(line)));
}

function sendRaw(address, text) {
  const at = address.lastIndexOf(':');
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.send(text, Number(address.slice(at + 1)), address.slice(0, at), (error) => {
      socket.close();
      if (error) reject(error);
      else resolve();
    });
  });
}

async function sendAll(address, documents) {
  for (const document of documents) await sendRaw(address, `{"format":"json","version":1}\n${JSON.stringify(document)}`);
}

/** One request of each kind of the demo's shop. */
function runDemo(address, flags) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary(), ['demo', '--endpoint', address, '--seed', '7', '--quiet', ...flags], { stdio: 'ignore' });
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`fluoro demo ended with ${code}`))));
  });
}

export const hex = (digits) => randomBytes(digits / 2).toString('hex');

export function newTraceId(seconds = Math.floor(Date.now() / 1000)) {
  return `1-${seconds.toString(16).padStart(8, '0')}-${hex(24)}`;
}
