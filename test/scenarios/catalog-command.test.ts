import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCatalog } from '../../src/commands/catalog.ts';
import { createCatalogClient } from '../../src/commands/catalog-client.ts';
import { progressBar } from '../../src/commands/catalog-progress.ts';
import { startTestService, type TestService } from '../support/service.ts';

let service: TestService;
let folder: string;

beforeAll(async () => {
  service = await startTestService();
  folder = await mkdtemp(join(tmpdir(), 'baisa-plans-'));
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(...args: readonly string[]): Promise<{ readonly isWell: boolean; readonly text: string }> {
  const lines: string[] = [];
  const client = createCatalogClient(service.url, service.platformApiKey);
  const terminal = { write: () => undefined };
  const json = args.includes('--json');
  const context = { client, terminal, json, print: (line: string) => lines.push(line) };
  const isWell = await runCatalog(
    context,
    args.filter((arg) => arg !== '--json'),
  );
  return { isWell, text: lines.join('\n') };
}

async function written(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const plan = (monthly: string): string => `plans:
  - name: coded
    displayName: Coded
    type: usage_based
    pricingModel: fixed
    currency: USD
    cycles: { monthly: "${monthly}", yearly: "100.00" }
`;

test('what is exported is planned without a change', async () => {
  await service.idle();
  const file = join(folder, 'exported.yaml');
  expect(await run('export', file)).toEqual({ isWell: true, text: `7 plans written to ${file}.` });
  const { isWell, text } = await run('plan', file);
  expect(isWell).toBe(true);
  expect(text).toMatch(/No changes: every plan/);
  expect(text).toMatch(/nothing is left to do/);
  expect(await readFile(file, 'utf8')).toMatch(/"49.00"/);
});

test('creations, changes and archivals are shown before they are made', async () => {
  const created = await run('plan', await written('new.yaml', plan('9.00')));
  expect(created.text).toMatch(/\+ create {2}coded\n {4}\+ product product\n {4}\+ price base:monthly 9.00 USD/);

  expect((await run('apply', await written('new.yaml', plan('9.00')))).isWell).toBe(true);
  await service.idle();
  const changed = await run('plan', await written('dearer.yaml', plan('12.00')));
  expect(changed.text).toMatch(/~ change {2}coded \(cycles\)/);
  expect(changed.text).toMatch(/\+ price base:monthly 12.00 USD\n {4}- price base:monthly is archived/);
  expect(changed.text).not.toMatch(/base:yearly/);
});

test('an applied file is in sync, and is JSON where a machine asks', async () => {
  const file = await written('applied.yaml', plan('15.00'));
  const applied = JSON.parse((await run('apply', file, '--json')).text);
  expect(applied).toMatchObject({ plans: [{ name: 'coded' }], blocked: [] });
  await service.idle();
  const planned = JSON.parse((await run('plan', file, '--json')).text);
  expect(planned).toMatchObject({ plans: [{ name: 'coded', change: 'none' }], operations: [], blocked: [] });
});

test('a file with an error names line and column, and applies nothing', async () => {
  const before = await run('export', '-');
  const file = await written('wrong.yaml', `${plan('9.00')}  - name: second\n    price: 3\n`);
  await expect(run('apply', file)).rejects.toThrow(/wrong\.yaml:9:5 plans\.1\.price: There is no such field/);
  expect((await run('export', '-')).text).toBe(before.text);
});

test('a plan that breaks a rule is named by line and column, and none of its file is applied', async () => {
  const before = await run('export', '-');
  const text = `${plan('31.00')}  - name: broken
    displayName: Broken
    type: usage_based
    pricingModel: fixed
    currency: USD
    cycles: { monthly: "5.00" }
    usage: [{ feature: no_such_feature, included: "1" }]
`;
  const file = await written('broken.yaml', text);
  for (const action of ['plan', 'apply']) {
    await expect(run(action, file)).rejects.toThrow(
      /broken\.yaml:14:\d+ usage\.0\.feature: .*\nNothing was applied\./s,
    );
  }
  expect((await run('export', '-')).text).toBe(before.text);
});

test('drift is shown with what was changed, and leaves the command unwell', async () => {
  await service.idle();
  expect(await run('drift')).toMatchObject({ isWell: true, text: 'No drift was found.' });
  const { url } = service.sandbox;
  const stripe = new Stripe(service.sandboxSecretKey, {
    host: new URL(url).hostname,
    port: new URL(url).port,
    protocol: 'http',
    telemetry: false,
  });
  const [product] = (await stripe.products.list({ limit: 1 })).data;
  if (!product) throw new Error('there are products');
  await stripe.products.update(product.id, { name: 'Renamed by hand' });
  const found = await run('drift');
  expect(found.isWell).toBe(false);
  expect(found.text).toMatch(/edited: product baisa_plan_\w+/);
  expect(found.text).toMatch(/name: .+ -> Renamed by hand/);
});

test.each([
  [0, 40, /^\[ {30}\] 0 of 40/],
  [20, 40, /^\[={15} {15}\] 20 of 40/],
  [40, 40, /^\[={30}\] 40 of 40/],
  [0, 0, /^\[={30}\] 0 of 0/],
])('a bar of %i of %i', (done, total, bar) => {
  expect(progressBar(done, total)).toMatch(bar);
});
