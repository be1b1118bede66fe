import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inTransaction } from '../../../src/database/database.ts';
import { createEmit } from '../../../src/outgoing/emit.ts';
import { createNotices } from '../../../src/outgoing/notices.ts';
import { convertTrial } from '../../../src/subscriptions/end-trial.ts';
import { claimPlanTrial, planTrialAllowed } from '../../../src/subscriptions/plan-trial.ts';
import { listQuotaPeriods } from '../../../src/subscriptions/quota-period.store.ts';
import { createTrials, type Trials } from '../../../src/subscriptions/trials.ts';
import { createCustomer } from '../../../src/tenancy/create-customer.ts';
import { createSubscriptionWorld, type SubscriptionWorld, two } from './world.ts';

let world: SubscriptionWorld;
let trials: Trials;
let made = 0;

beforeAll(async () => {
  world = await createSubscriptionWorld();
  const { database, clock, jobs } = world;
  const { notify } = createNotices({ database, clock, jobs, mailer: null });
  trials = createTrials({ database, clock, notify, emit: createEmit({ clock, jobs }) });
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const day = 86_400_000;
const agencyId = 'agc_two';

const setTrial = (change: object = {}): Promise<unknown> =>
  world.database.prisma.agency.update({
    where: { id: agencyId },
    data: { settings: { trial: { days: 14, minutes: 60, concurrency: 2, end: 'pause', ...change } } },
  });

const newClient = async (email = `client-${made++}@example.com`, requestId?: string) => {
  const dependencies = { ...world.database, clock: world.clock, onCustomerCreated: trials.onCustomerCreated };
  const customer = { agencyId, name: 'Client', email, externalId: undefined, collection: 'card', requestId } as const;
  const { id } = await createCustomer(dependencies, two, customer);
  return { agencyId, customerId: id };
};
type Client = Awaited<ReturnType<typeof newClient>>;

const trialOf = ({ customerId }: Client) => trials.find(two, customerId);
const periodsOf = (client: Client) => listQuotaPeriods(world.database.pool, client);
const noticesOf = async ({ customerId }: Client): Promise<readonly string[]> => {
  const rows = await world.database.prisma.notice.findMany({ where: { customerId }, orderBy: { id: 'asc' } });
  return rows.map(({ kind, fact }) => `${kind} ${fact.split(':').at(-1)}`);
};
/** As two processes whose minute has come. */
const sweepTwice = () => Promise.all([trials.sweep(), trials.sweep()]);

describe('a new client', () => {
  test('starts on its agency’s trial, with one quota period for all of it', async () => {
    await setTrial();
    const client = await newClient();
    const trial = await trialOf(client);
    expect(trial).toMatchObject({ status: 'active', minutes: '60', concurrency: 2, end: 'pause' });
    expect(trial.endsAt.getTime() - trial.startedAt.getTime()).toBe(14 * day);
    expect(await periodsOf(client)).toMatchObject([
      {
        holderId: trial.id,
        holderKind: 'trial',
        feature: 'call_minutes',
        included: '60.000000',
        periodStart: trial.startedAt,
        periodEnd: trial.endsAt,
      },
    ]);
  });

  test('of an agency without a trial has none', async () => {
    await expect(trialOf(await newClient())).rejects.toMatchObject({ status: 404, code: 'no_trial' });
  });

  test('with an e-mail address that had a trial has no other, however it is written', async () => {
    await setTrial();
    await newClient('ali@example.com');
    const again = await newClient(' ALI@example.com');
    await expect(trialOf(again)).rejects.toMatchObject({ code: 'no_trial' });
    expect(await periodsOf(again)).toEqual([]);
    await expect(trialOf(await newClient('ali+work@example.com'))).resolves.toMatchObject({ status: 'active' });
  });

  test('that is made once more by the same request begins nothing twice', async () => {
    await setTrial();
    const request = 'req_01h2xcejqtf2nbrexx3vqjhp41';
    const first = await newClient('same@example.com', request);
    expect(await newClient('same@example.com', request)).toEqual(first);
    expect(await periodsOf(first)).toHaveLength(1);
  });

  test('of another agency is nobody’s to see', async () => {
    await setTrial();
    const { customerId } = await newClient();
    const other = { role: 'agency', agencyId: 'agc_one', keyId: 'key' } as const;
    await expect(trials.find(other, customerId)).rejects.toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('when its time comes', () => {
  test('a client is reminded three days and one day before, and told of the end, once each', async () => {
    await setTrial();
    const client = await newClient();
    world.clock.advance(11 * day - 1);
    await sweepTwice();
    expect(await noticesOf(client)).toEqual([]);
    world.clock.advance(1);
    await sweepTwice();
    world.clock.advance(2 * day);
    await sweepTwice();
    expect(await noticesOf(client)).toEqual(['trial_ending 3d', 'trial_ending 1d']);
    world.clock.advance(day);
    await sweepTwice();
    await sweepTwice();
    expect(await noticesOf(client)).toEqual(['trial_ending 3d', 'trial_ending 1d', 'trial_ended ended']);
    expect(await trialOf(client)).toMatchObject({ status: 'ended', endedAt: world.clock.now() });
  });

  test('a trial that continues keeps what is left of its minutes, and nobody is told to choose', async () => {
    await setTrial({ end: 'continue' });
    const client = await newClient();
    world.clock.advance(20 * day);
    await sweepTwice();
    expect(await trialOf(client)).toMatchObject({ status: 'ended', end: 'continue' });
    const [period] = await periodsOf(client);
    expect(period?.periodEnd.getUTCFullYear()).toBe(9999);
    expect(await noticesOf(client)).toEqual([]);
  });

  test('a later setting changes no trial that has begun', async () => {
    await setTrial();
    const client = await newClient();
    await setTrial({ days: 1, end: 'continue' });
    world.clock.advance(2 * day);
    await sweepTwice();
    expect(await trialOf(client)).toMatchObject({ status: 'active', end: 'pause' });
  });

  test('a client that lives on a plan has converted: nothing is ended, and nobody is told', async () => {
    await setTrial();
    const client = await newClient();
    await world.start(two, await world.payAsYouGo(two, 'payg'), client.customerId);
    expect(await trialOf(client)).toMatchObject({ status: 'converted' });
    // As if whoever started it had not said so.
    await world.database.prisma.trial.updateMany({ data: { status: 'active', endedAt: null } });
    world.clock.advance(14 * day);
    await sweepTwice();
    expect(await trialOf(client)).toMatchObject({ status: 'converted' });
    expect(await noticesOf(client)).toEqual([]);
  });
});

test('a plan that takes over ends the trial’s minutes with it, once', async () => {
  await setTrial();
  const client = await newClient();
  world.clock.advance(5 * day);
  const now = world.clock.now();
  const convert = () => inTransaction(world.database.pool, (sql) => convertTrial(sql, client, world.clock.now()));
  await convert();
  world.clock.advance(day);
  await convert();
  expect(await trialOf(client)).toMatchObject({ status: 'converted', endedAt: now });
  const ofTrial = async () => (await periodsOf(client)).find(({ holderKind }) => holderKind === 'trial');
  expect(await ofTrial()).toMatchObject({ periodEnd: now });
});

describe('a plan’s trial', () => {
  const claim = (subscriptionId: string, keys: object) =>
    claimPlanTrial(world.database.pool, { agencyId, subscriptionId }, keys, world.clock.now());

  test('is had once by a card and once by an address, in an agency', async () => {
    const { pool } = world.database;
    expect(await claim('sub_1', { email: 'A@example.com' })).toBe(true);
    expect(await claim('sub_1', { fingerprint: 'card_1' })).toBe(true);
    expect(await planTrialAllowed(pool, agencyId, { email: 'a@example.com ' })).toBe(false);
    expect(await planTrialAllowed(pool, agencyId, { fingerprint: 'card_1' })).toBe(false);
    expect(await planTrialAllowed(pool, agencyId, { email: 'b@example.com', fingerprint: 'card_2' })).toBe(true);
    expect(await planTrialAllowed(pool, 'agc_one', { email: 'a@example.com', fingerprint: 'card_1' })).toBe(true);
  });

  test('of another subscription with the same card is refused, and its address is spent', async () => {
    expect(await claim('sub_1', { email: 'a@example.com', fingerprint: 'card_1' })).toBe(true);
    expect(await claim('sub_2', { email: 'b@example.com', fingerprint: 'card_1' })).toBe(false);
    expect(await claim('sub_1', { email: 'a@example.com', fingerprint: 'card_1' })).toBe(true);
    expect(await planTrialAllowed(world.database.pool, agencyId, { email: 'b@example.com' })).toBe(false);
  });

  test('that two subscriptions claim at the same moment is had by one of them', async () => {
    const claims = ['sub_1', 'sub_2', 'sub_3', 'sub_4'].map((id) => claim(id, { fingerprint: 'card_1' }));
    expect((await Promise.all(claims)).filter((allowed) => allowed)).toHaveLength(1);
  });
});
