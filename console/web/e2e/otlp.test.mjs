// The page of a trace that came by OTLP: what each span is, its attributes and resource, and events on the timeline and in the details.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, withPage as onPage } from './browser.mjs';
import { hex, startServer } from './server.mjs';
import { CONTROLS, MARKUP } from './trace-corpus.mjs';

const ENOUGH = { timeout: 300_000 };
const SELECTED = '[role=row][aria-selected=true]';
const MANY_EVENTS = 130;

const traceId = Math.floor(Date.now() / 1000).toString(16) + hex(24);
const [root, call, work, evil] = [hex(16), hex(16), hex(16), hex(16)];

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  const response = await fetch(`${server.url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(checkout()) });
  assert.equal(response.status, 200, await response.text());
}, ENOUGH);

after(async () => {
  await browser?.close();
  await server?.stop();
});

const withPage = (...test) => onPage(browser, ...test);

const attribute = (key, value) => ({ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } });

/** A server that calls, sends a message, fails inside, and says very much in one span. */
function checkout(start = Date.now() - 5_000) {
  const nanos = (millis) => `${Math.round(start + millis)}000000`;
  const event = (millis, name, ...attributes) => ({ timeUnixNano: nanos(millis), name, attributes });
  const span = (spanId, parentSpanId, name, kind, from, to, rest) => ({
    traceId, spanId, parentSpanId, name, kind, startTimeUnixNano: nanos(from), endTimeUnixNano: nanos(to), ...rest,
  });
  const spans = [
    span(root, '', 'POST /checkout', 2, 0, 900, {
      attributes: [attribute('http.request.method', 'POST'), attribute('http.route', '/checkout'), attribute('url.path', '/checkout'), attribute('url.scheme', 'https'), attribute('http.response.status_code', 500), attribute('cart', 3)],
      events: [event(700, 'stock is short', attribute('sku', 'a-1')), event(40, 'cache miss', attribute('cache.key', 'cart:118'), attribute('cache.size', 512))],
      droppedEventsCount: 2,
      status: { code: 2, message: 'no stock' },
    }),
    span(call, root, 'orders send', 4, 100, 260, { attributes: [attribute('messaging.system', 'kafka'), attribute('messaging.destination.name', 'orders')], traceState: 'vendor=1' }),
    span(work, root, 'reserve', 1, 300, 800, {
      events: [
        event(790, 'exception', attribute('exception.type', 'OutOfStock'), attribute('exception.message', 'a-1 is gone'), attribute('exception.stacktrace', 'OutOfStock: a-1 is gone\n    at reserve (/srv/stock.js:10:3)')),
        ...Array.from({ length: MANY_EVENTS }, (_, index) => event(310 + index * 3, `try ${index}`)),
      ],
      status: { code: 2 },
    }),
    span(evil, root, MARKUP, 3, 820, 880, {
      attributes: [attribute(`${MARKUP}.${MARKUP}`, CONTROLS), attribute('long', 'x'.repeat(20_000)), ...Array.from({ length: 300 }, (_, index) => attribute(`many.k${index}`, index))],
      events: [event(850, CONTROLS, attribute(MARKUP, CONTROLS)), event(-9e9, 'long before')],
    }),
  ];
  const resource = [attribute('service.name', 'shop'), attribute('service.version', '2.4.0'), attribute('host.name', 'shop-7f9'), attribute('telemetry.sdk.language', 'nodejs')];
  return { resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ scope: { name: '@opentelemetry/instrumentation-http', version: '0.57.1' }, spans }] }] };
}

async function open(page, query = '') {
  await page.goto(`${server.url}/traces/${traceId}${query}`);
  await page.locator('.trace-head h1').waitFor();
}

const openEvent = (page, name) => page.locator('.otlp-event[aria-current=true]', { hasText: name }).waitFor();

test('a span says what it is: kind, scope, status, attributes by namespace, and resource', ENOUGH, () =>
  withPage(async (page) => {
    await open(page, `?span=${root}&pane=overview`);
    await page.locator('.span-pane .panel-title', { hasText: 'SERVER' }).waitFor();
    const facts = await page.locator('.span-pane .fact').evaluateAll((all) => Object.fromEntries(all.map((fact) => [fact.querySelector('dt').textContent, fact.querySelector('.fact-value').textContent])));
    assert.equal(facts['Kind'], 'SERVER');
    assert.equal(facts['OTel name'], 'POST /checkout');
    assert.equal(facts['Scope'], '@opentelemetry/instrumentation-http');
    assert.equal(facts['Scope version'], '0.57.1');
    assert.equal(facts['Status message'], 'no stock');
    await page.getByRole('tab', { name: 'Attributes' }).click();
    assert.deepEqual(await page.locator('.namespace-name').allInnerTexts(), ['http', 'url']);
    assert.deepEqual(await page.locator('.namespace').first().locator('dt').allInnerTexts(), ['cart']);
    await page.getByRole('tab', { name: 'Resource' }).click();
    assert.deepEqual(await page.locator('.namespace-name').allInnerTexts(), ['host', 'service', 'telemetry']);
    await page.getByRole('button', { name: 'Filter for service.version' }).click();
    await page.locator('.trace-table tbody a').first().waitFor();
    assert.equal(new URL(page.url()).searchParams.get('filter'), 'annotation[otel.resource.service.version] = "2.4.0"');
    await open(page, `?span=${call}&pane=overview`);
    await page.locator('.span-pane .panel-title', { hasText: 'PRODUCER' }).waitFor();
  }));

for (const scheme of ['light', 'dark']) {
  test(`events are marks that keys go through, and a list with offsets and attributes (${scheme})`, ENOUGH, () =>
    withPage(async (page, shot) => {
      await open(page, `?span=${root}&pane=overview`);
      await page.locator('.waterfall .event-mark').first().waitFor();
      await page.locator('.event-steps', { hasText: `${2 + MANY_EVENTS + 1 + 2} events, 24 marked` }).waitFor();
      await page.keyboard.press('e');
      await openEvent(page, 'cache miss');
      assert.match(await page.locator('.otlp-event[aria-current=true]').innerText(), /\+40 ms/);
      assert.deepEqual(await page.locator('.otlp-event[aria-current=true] dt').allInnerTexts(), ['cache.key', 'cache.size']);
      await page.getByText('2 events were dropped by the SDK.').waitFor();
      await assertAccessible(page, 'the events of a span');
      await shot('otlp-events');
      await page.keyboard.press('e');
      await openEvent(page, 'stock is short');
      await page.keyboard.press('e');
      await openEvent(page, 'try 0');
      assert.match(await page.locator(`${SELECTED} .span-name`).innerText(), /reserve/);
      await page.getByText(`${MANY_EVENTS + 1 - 100} more events are not shown; Raw JSON holds all that came.`).waitFor();
      await page.keyboard.press('Shift+E');
      await openEvent(page, 'stock is short');
      const mark = page.locator('.event-mark[title^="exception, "]');
      assert.equal(await mark.getAttribute('title'), 'exception, +490 ms');
      await mark.click();
      await openEvent(page, 'exception');
      await page.getByRole('tab', { name: 'Attributes' }).waitFor();
      await page.locator('.waterfall-row', { hasText: 'POST' }).first().click();
      await page.getByRole('tab', { name: 'Attributes' }).click();
      await assertAccessible(page, 'the attributes of a span');
      await shot('otlp-attributes');
      await page.setViewportSize({ width: 390, height: 844 });
      await page.getByRole('tab', { name: 'Events' }).click();
      await assertAccessible(page, 'the events of a span in a narrow window');
      await shot('otlp-narrow');
    }, scheme));
}

test('what a sender calls things is text, is cut, and says how much more there is', ENOUGH, () =>
  withPage(async (page, shot) => {
    await open(page, `?span=${evil}&pane=attributes`);
    await page.locator('.namespace-name', { hasText: '<img src=x onerror=alert(1)>' }).waitFor();
    await page.getByText('102 more attributes are not shown; Raw JSON holds all that came.').waitFor();
    await page.getByText('18,000 characters more: copy to have all.').waitFor();
    await assertAccessible(page, 'attributes of an attacker');
    await shot('otlp-hostile');
    await page.getByRole('tab', { name: 'Events' }).click();
    await page.locator('.otlp-event', { hasText: 'before the span' }).waitFor();
    assert.equal(await page.locator('.otlp-event img, .otlp-event script, .waterfall img').count(), 0);
    await assertAccessible(page, 'events of an attacker');
  }));
