import { afterAll, beforeAll, expect, test } from 'vitest';
import { followAccounts } from '../../../src/catalog/follow-accounts.ts';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import { addAccount, agency, createWorld, ids, platform, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

test('a new rate of the platform’s account reaches the plans of agencies that it carries, and of no other', async () => {
  const plan = { cycles: { monthly: '10.00' }, recurring: [], packs: [], usage: [] };
  await addAccount(world, { agencyId: ids.two, id: 'macc_two' });
  const carried = await Promise.all([
    world.publishNew(platform, { ...plan, name: 'of the platform' }),
    world.publishNew(agency(ids.one), { ...plan, name: 'of an agency without an account' }),
  ]);
  await world.publishNew(agency(ids.two), { ...plan, name: 'of an agency with one' });
  await world.runJobs();

  const accounts = createMerchantAccounts({ ...world, platformAgencyId: ids.platform });
  const before = await accounts.byId(ids.account);
  await world.database.pool.query('UPDATE merchant_accounts SET usd_rate = 0.4 WHERE id = $1', [ids.account]);
  const after = await accounts.byId(ids.account);
  if (!before || !after) throw new Error('the platform has no account');
  await followAccounts(world)(world.database.pool, { before, after, source: 'a test' });
  const told = (await world.takeJobs()).map(({ payload }) => [payload.planId, payload.merchantAccountId]);
  expect(told.sort()).toEqual(carried.map(({ id }) => [id, ids.account]).sort());
});
