import { expect, test } from 'vitest';
import { inTransaction } from '../../src/database/database.ts';
import { drawUsage } from '../../src/ledger/postings.ts';
import { Money } from '../../src/money/money.ts';
import type { OffSessionChargeRequest } from '../../src/providers/card-ports.ts';
import { seededRandom } from '../support/random.ts';
import type { CardHealth } from './bank.ts';
import { agencyId, createRefillWorld, Killed, type RefillWorld, usd } from './refill-world.ts';

const seed = Number(process.env.SIMULATION_SEED ?? 20_261_121);
const steps = 10_000;
const threshold = usd('20.00');
const amount = usd('25.00');
const monthlyLimit = usd('100.00');
const minuteMs = 60_000;
const scope = { role: 'platform', keyId: 'key_sim' } as const;

const clientOf = async (world: RefillWorld, { orderId }: OffSessionChargeRequest): Promise<string> => {
  const { rows } = await world.database.pool.query<{ customer_id: string }>(
    'SELECT customer_id FROM orders WHERE id = $1',
    [orderId],
  );
  const customerId = rows[0]?.customer_id;
  if (customerId === undefined) throw new Error(`a charge named ${orderId}, which is no order`);
  return customerId;
};

const healths: readonly [CardHealth, ...CardHealth[]] = [
  'pays',
  'pays',
  'insufficient_funds',
  'insufficient_funds',
  'lost_card',
  'authentication_required',
  'do_not_try_again',
];

/** What the bank may never see. Asked at the moment of each charge, when it is about to take effect. */
async function mayBeCharged(world: RefillWorld, request: OffSessionChargeRequest): Promise<void> {
  const customerId = await clientOf(world, request);
  const { pool } = world.database;
  const breaker = await pool.query<{ state: string }>(
    'SELECT state FROM refill_breakers WHERE customer_id = $1 AND fingerprint = $2',
    [customerId, request.cardId],
  );
  expect(['closed', 'half_open'], `charged ${request.cardId} through an open breaker`).toContain(
    breaker.rows[0]?.state ?? 'closed',
  );
  const inFlight = await pool.query<{ order_id: string }>(
    `SELECT order_id FROM refills WHERE customer_id = $1 AND status = 'in_flight'`,
    [customerId],
  );
  expect(inFlight.rows, 'charged for a refill that is not the one in flight').toEqual([{ order_id: request.orderId }]);
  const month = await pool.query<{ total: string }>(
    `SELECT sum(amount)::text AS total FROM refills
      WHERE customer_id = $1 AND status IN ('in_flight', 'credited') AND month = (SELECT month FROM refills WHERE order_id = $2)`,
    [customerId, request.orderId],
  );
  expect(usd(month.rows[0]?.total ?? '0').compare(monthlyLimit), 'charged past the monthly limit').not.toBe(1);
  expect(
    world.bank.charges.filter((charge) => charge.request.orderId === request.orderId),
    'charged one refill twice',
  ).toEqual([]);
}

test(`cards and auto-refill hold their promises over ${steps} random steps (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  const world = await createRefillWorld({ random, customers: 200, killChance: 0.03, onCharge: mayBeCharged });
  const { clock, ledger, bank, holds, cards, refill, database } = world;
  const settings = { enabled: true, threshold, amount, monthlyLimit };
  for (const customerId of world.customerIds) await world.saveCard(customerId);
  await settle(world);
  for (const customerId of world.customerIds) {
    await refill.change(scope, { agencyId, customerId }, settings);
  }
  const someone = (): string => random.pick([world.customerIds[0] ?? '', ...world.customerIds]);
  let draws = 0;
  let topUps = 0;
  const actions: readonly (readonly [weight: number, act: () => Promise<unknown>])[] = [
    [
      40,
      async () => {
        draws += 1;
        const posting = {
          agencyId,
          customerId: someone(),
          merchantAccountId: 'macc_sim',
          reference: `usage:${draws}`,
          source: 'simulation',
        };
        await ledger.postAlone(drawUsage({ ...posting, net: usd(`${1 + random.below(12)}.37`), tax: usd('0') }));
      },
    ],
    [20, () => world.runJobs(1 + random.below(8))],
    // Events arrive while jobs run.
    [5, () => Promise.all([world.runJobs(1 + random.below(8)), ...deliveries(random.below(4))])],
    [
      15,
      async () => {
        const event = bank.takeDelivery();
        if (event) await world.deliver(event);
      },
    ],
    [8, async () => clock.advance((1 + random.below(240)) * minuteMs)],
    [
      6,
      async () => {
        const card = await world.defaultCard(someone());
        const health = random.pick(healths);
        if (card) bank.health.set(card.providerCardId, health);
      },
    ],
    [3, () => world.saveCard(someone(), random.pick(healths))],
    [
      3,
      async () => {
        const customerId = someone();
        const verified = (await cards.list({ agencyId, customerId })).filter(({ status }) => status === 'verified');
        const [first] = verified;
        if (first) await cards.setDefault(scope, { agencyId, customerId }, random.pick([first, ...verified]).id);
      },
    ],
    [
      1,
      async () => {
        const customerId = someone();
        const other = (await cards.list({ agencyId, customerId })).find(({ isDefault }) => !isDefault);
        if (other) await cards.remove(scope, { agencyId, customerId }, { cardId: other.id });
      },
    ],
    [1, async () => holds.answer()],
    [1, () => cards.sweep()],
    [2, () => refill.sweep()],
    [1, () => refill.reset(scope, { agencyId, customerId: someone() })],
    [
      1,
      async () => {
        topUps += 1;
        await payInPerson(world, someone(), topUps);
      },
    ],
  ];
  const deliveries = (count: number): Promise<void>[] =>
    Array.from({ length: count }, async () => {
      const event = bank.takeDelivery();
      if (event) await world.deliver(event);
    });
  const weights = actions.reduce((sum, [weight]) => sum + weight, 0);
  for (let step = 0; step < steps; step += 1) {
    let ticket = random.below(weights);
    const chosen = actions.find(([weight]) => {
      ticket -= weight;
      return ticket < 0;
    });
    await (chosen?.[1]() ?? Promise.resolve()).catch((error: unknown) => {
      // A request whose process died: nobody answers it.
      if (!(error instanceof Killed)) throw error;
    });
  }

  // The dust settles: every card pays, every event arrives, every job is done.
  bank.health.clear();
  await settle(world);
  const inFlight = await database.pool.query(`SELECT id FROM refills WHERE status = 'in_flight'`);
  expect(inFlight.rows).toEqual([]);
  const open = await database.pool.query(
    `SELECT id, status FROM card_verifications WHERE status IN ('requested', 'placed', 'action_required')`,
  );
  expect(open.rows, 'a hold that nobody ended').toEqual([]);
  expect(new Set(holds.all.map(({ status }) => status)), 'a hold that still stands').toEqual(
    new Set(['released', 'failed']),
  );
  expect(holds.all.length).toBeGreaterThan(300);
  await everyChargeIsCreditedOnce(world);
  expect(bank.charges.filter(({ succeeded }) => succeeded).length).toBeGreaterThan(100);
  expect(bank.charges.filter(({ succeeded }) => !succeeded).length).toBeGreaterThan(20);
  await world.close();
}, 600_000);

/** Delivers everything and does every job, until nothing more comes of it, a day and a half of the clock included. */
async function settle(world: RefillWorld): Promise<void> {
  const { bank, clock, refill, cards } = world;
  const until = clock.now().getTime() + 400 * 86_400_000;
  for (let quiet = 0; quiet < 3; ) {
    for (let event = bank.takeDelivery(); event; event = bank.takeDelivery()) await world.deliver(event);
    const ran = await world.runJobs(100);
    clock.advance(ran === 0 ? 13 * 60 * minuteMs : 20 * minuteMs);
    await refill.sweep();
    await cards.sweep();
    quiet = ran === 0 && bank.deliveries.length === 0 && (await world.waitingJobs()) === 0 ? quiet + 1 : 0;
    if (clock.now().getTime() > until) throw new Error('the dust does not settle');
  }
}

/** An on-session top-up: closes what earlier declines opened. */
async function payInPerson(world: RefillWorld, customerId: string, number: number): Promise<void> {
  const { pool } = world.database;
  const now = world.clock.now();
  await inTransaction(pool, (sql) =>
    sql.query(
      `INSERT INTO orders (agency_id, id, customer_id, merchant_account_id, kind, status, credited, charge_currency, charged, exact,
                           rate, session_id, success_url, cancel_url, expires_at, created_at, updated_at)
       VALUES ($1, $2, $3, 'macc_sim', 'top_up', 'checkout', 5.00, 'OMR', 1.930, 1.925, 0.385, $4, '', '', $5, $5, $5)`,
      [agencyId, `ord_person_${number}`, customerId, `cs_person_${number}`, now],
    ),
  );
  await world.deliver({
    kind: 'payment',
    event: {
      type: 'payment.settled',
      provider: 'stripe',
      providerAccountId: 'acct_sim',
      order: { agencyId, orderId: `ord_person_${number}` },
      paymentId: `pi_person_${number}`,
      received: Money.of('1.930', 'OMR'),
    },
  });
}

async function everyChargeIsCreditedOnce(world: RefillWorld): Promise<void> {
  const { rows } = await world.database.pool.query<{ reference: string; times: number }>(
    `SELECT reference, count(*) AS times FROM ledger_transactions WHERE code = 'topup.settle' AND reference NOT LIKE '%person%'
      GROUP BY reference`,
  );
  const credited = new Map(rows.map(({ reference, times }) => [reference, times]));
  const paid = world.bank.charges.filter(({ succeeded }) => succeeded);
  expect(Object.fromEntries(credited)).toEqual(
    Object.fromEntries(paid.map(({ paymentId }) => [`stripe:acct_sim:${paymentId}:settled`, 1])),
  );
}
