// From a span to its log lines by a rule that somebody sets up, and what is chosen on a page kept as a view and found again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, openBrowser, withPage as onPage } from './browser.mjs';
import { startServer } from './server.mjs';
import { healthy, repeat } from './springboot.mjs';

const ENOUGH = { timeout: 240_000 };

let browser;
let server;

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  const documents = repeat(4, healthy);
  for (const document of documents) document.aws = { cloudwatch_logs: [{ log_group: '/ecs/shop', arn: 'arn:aws:logs:eu-west-1:1:log-group:/ecs/shop' }] };
  await server.send(documents);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const withPage = (...test) => onPage(browser, ...test);

test('a rule makes a link of each span, one that would run a script is refused at its field, and recorded groups link by themselves', ENOUGH, () =>
  // What is refused is told by the browser, too.
  withPage(
    async (page, shot) => {
      await page.goto(`${server.url}/settings?tab=logs`);
      await page.getByText('There are no links yet.').waitFor();
      await page.getByRole('button', { name: 'Add link' }).click();
      await page.getByLabel('Service of link 1').fill('SpringBoot');
      await page.getByLabel('Title of link 1').fill('Loki');
      const url = page.getByLabel('URL of link 1');
      await url.fill('javascript:alert(1)');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByText('it must begin with https:// or http://').first().waitFor();
      await assertAccessible(page, 'a link that is refused');
      await shot('log-links-refused');
      await url.fill('https://loki.example/?q={trace_id}&from={start}');
      await page.getByRole('button', { name: 'Datadog' }).click();
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByText('not saved yet').waitFor({ state: 'detached' });
      await assertAccessible(page, 'links to logs');
      await shot('log-links');
      await page.setViewportSize({ width: 390, height: 844 });
      await shot('log-links-phone');
      await page.setViewportSize({ width: 1440, height: 900 });

      await page.goto(`${server.url}/traces`);
      await page.locator('.trace-table tbody a').first().click();
      await page.waitForURL(/\/traces\/1-/);
      const id = new URL(page.url()).pathname.split('/').pop();
      await page.getByRole('treegrid').getByText('SpringBoot', { exact: true }).first().click();
      const loki = page.getByRole('link', { name: 'Loki' });
      await loki.waitFor();
      assert.match(await loki.getAttribute('href'), new RegExp(`^https://loki\\.example/\\?q=${id}&from=\\d{13}$`));
      assert.equal(await loki.getAttribute('rel'), 'noopener noreferrer');
      const own = await page.getByRole('link', { name: 'CloudWatch Logs (/ecs/shop)' }).getAttribute('href');
      assert.match(own, /^https:\/\/eu-west-1\.console\.aws\.amazon\.com\/cloudwatch\/home\?region=eu-west-1#logsV2:log-groups\/log-group\/\$252Fecs\$252Fshop\//);
      await assertAccessible(page, 'a span with links to logs');
      await shot('span-logs');
    },
    'light',
    /400 \(Bad Request\)/,
  ));

test('a view is saved on its page, found again there, replaced and deleted', ENOUGH, async () => {
  for (const scheme of ['light', 'dark']) {
    await withPage(async (page, shot) => {
      await page.goto(`${server.url}/traces?filter=${encodeURIComponent('service("SpringBoot")')}&range=PT15M`);
      await page.getByText('Views', { exact: true }).click();
      await page.getByText('None is saved yet.').waitFor();
      await page.getByRole('button', { name: 'Save this view' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Save' }).last().click();
      await page.getByText('Give it a name').waitFor();
      await dialog.getByLabel('Name').fill('The shop');
      await assertAccessible(page, 'saving a view');
      await shot('views-save');
      await dialog.getByRole('button', { name: 'Save' }).last().click();
      await dialog.waitFor({ state: 'detached' });

      await page.goto(`${server.url}/traces`);
      await page.getByText('Views', { exact: true }).click();
      await assertAccessible(page, 'the views');
      await shot('views');
      await page.getByRole('link', { name: 'The shop' }).click();
      await page.waitForURL(/filter=service/);
      await page.getByText('Last 15 minutes').waitFor();
      await page.locator('summary').getByText('The shop').click();
      await page.setViewportSize({ width: 390, height: 844 });
      await shot('views-phone');
      await page.getByRole('button', { name: 'Delete the view The shop' }).click();
      await page.getByText('None is saved yet.').waitFor();
    }, scheme);
  }
});
