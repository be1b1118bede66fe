import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { balanced, type Posting } from '../../../src/ledger/posting.ts';
import { Money } from '../../../src/money/money.ts';
import type { BalanceMovement, ProviderDispute, ProviderRefund } from '../../../src/providers/refund-ports.ts';
import { hearRefunds } from '../../../src/refunds/hear-refunds.ts';
import { PaymentBooks } from '../../../src/refunds/payment-books.ts';
import { refundOf } from '../../../src/refunds/refund-amounts.ts';
import type { Reversal } from '../../../src/refunds/reversal.ts';
import type { ReversedOrder } from '../../../src/refunds/reversed-order.ts';

const omr = (amount: string) => Money.of(amount, 'OMR');
const aed = (amount: string) => Money.of(amount, 'AED');
const at = new Date('2026-11-21T08:00:00Z');

const topUp: ReversedOrder = {
  id: 'ord_1',
  agency_id: 'agc_1',
  customer_id: 'cus_1',
  merchant_account_id: 'macc_1',
  account_agency_id: 'agc_1',
  plan_id: null,
  agency_percent: null,
  platform_share: '0',
  application_fee: '0',
  kind: 'top_up',
  status: 'paid',
  credited: '5.00',
  charge_currency: 'OMR',
  charged: '1.930',
  exact: '1.925',
  tax: '0',
  overage: '0',
  provider: 'stripe',
  provider_account_id: 'acct_1',
};
const invoice: ReversedOrder = {
  ...topUp,
  kind: 'invoice',
  credited: '0',
  exact: '1.930',
  tax: '0.090',
  overage: '0.330',
};
/** Sold on the platform's account: the platform's part is 30 %, whatever it is given back of. */
const owed: ReversedOrder = { ...topUp, account_agency_id: 'agc_platform', platform_share: '0.550' };

/** One try of the provider's own story: what its balance did, in hundredths of what was charged. */
interface Story {
  /** USD cents that we were asked for before anything was heard, and whether that refund fails. */
  readonly asked: { readonly cents: number; readonly fails: boolean } | null;
  readonly refunds: readonly { readonly steps: number; readonly fails: boolean }[];
  readonly disputed: number;
  readonly won: number;
  readonly failsLate: boolean;
}

const movement = (id: string, kind: BalanceMovement['kind'], charged: Money, fees = '0'): BalanceMovement => {
  const gross = aed(charged.amount.times('9.54').toFixed(2)).times(kind === 'withdrawn' ? '-1' : '1');
  const settled = { gross, fees: aed(fees), net: gross.minus(aed(fees)), exchangeRate: '9.54' };
  return { id, kind, charged, settled, feeReturned: aed('0'), at };
};

const paidTopUp = { credited: Money.of('5.00', 'USD'), charged: omr('1.930') };
const nothing = { credited: Money.zero('USD'), charged: omr('0') };

const steps = (hundredths: number): Money => omr((hundredths / 100).toFixed(2));

/** Everything that the provider has once the story is over. */
function truthOf({ asked, refunds, disputed, won, failsLate }: Story) {
  const ours = asked && refundOf(paidTopUp, nothing, Money.of((asked.cents / 100).toFixed(2), 'USD'));
  const all = [
    ...(asked && ours ? [{ steps: ours.charged.amount.times(100).toNumber(), fails: asked.fails, ours: true }] : []),
    ...refunds.map((refund) => ({ ...refund, ours: false })),
  ];
  const made: ProviderRefund[] = all.map(({ steps: amount, fails, ours: isOurs }, index) => ({
    id: `re_${index}`,
    status: fails ? 'failed' : 'succeeded',
    amount: steps(amount),
    paymentId: 'pi_1',
    refundId: isOurs ? 'rfn_1' : null,
    metadata: {},
    failure: fails ? 'expired_or_canceled_card' : null,
    createdAt: at,
    movements: [
      movement(`txn_re_${index}`, 'withdrawn', steps(amount)),
      ...(fails ? [movement(`txn_ref_${index}`, 'reinstated', steps(amount))] : []),
    ],
  }));
  const dispute: ProviderDispute = {
    id: 'du_1',
    paymentId: 'pi_1',
    status: won > 0 ? 'won' : 'lost',
    isInquiry: false,
    isAppealed: false,
    amount: steps(disputed),
    reason: 'fraudulent',
    answerDueAt: null,
    createdAt: at,
    movements: [
      movement('txn_du', 'withdrawn', steps(disputed), '55.00'),
      // A fee alone: it moved nothing of the charge.
      movement('txn_fee', 'reinstated', omr('0'), '15.00'),
      ...(won > 0 ? [movement('txn_won', 'reinstated', steps(won), '-55.00')] : []),
    ],
  };
  const failures = failsLate
    ? [
        {
          id: 'ch_1',
          amount: omr('1.930'),
          code: null,
          message: null,
          movement: movement('txn_ch', 'withdrawn', omr('1.930')),
        },
      ]
    : [];
  return { ours, refunds: made, disputes: disputed > 0 ? [dispute] : [], failures };
}

type Truth = ReturnType<typeof truthOf>;

/** One event: what of the story the provider had come to when its objects were read. */
interface Heard {
  readonly of: 'refunds' | 'disputes' | 'failures';
  /** How many of the movements there were. */
  readonly movements: number;
}

const ofRefunds = (refunds: readonly ProviderRefund[], count: number): readonly ProviderRefund[] => {
  let left = count;
  return refunds.flatMap((refund) => {
    if (left === 0) return [];
    const movements = refund.movements.slice(0, left);
    left -= movements.length;
    const isWhole = movements.length === refund.movements.length;
    return [
      { ...refund, movements, status: isWhole ? refund.status : 'succeeded', failure: isWhole ? refund.failure : null },
    ];
  });
};

function hear(order: ReversedOrder, held: readonly Reversal[], truth: Truth, { of, movements }: Heard) {
  const platform = { agencyId: 'agc_platform', merchantAccountId: 'macc_platform' };
  const books = new PaymentBooks({ order, paymentId: 'pi_1', platform, source: 'test' }, held);
  if (of === 'refunds') {
    const known = held
      .filter(({ reference }) => reference.endsWith(':reserved'))
      .map(({ subject, credited, charged }) => ({
        id: subject,
        subject,
        credited,
        charged,
        providerRefundId: subject === 'rfn_1' ? 're_0' : (subject.split(':').at(-1) ?? null),
      }));
    hearRefunds(books, order, { refunds: ofRefunds(truth.refunds, movements), feeReturns: [] }, known);
  }
  if (of === 'disputes') {
    // Newest first: a provider promises no order.
    for (const dispute of truth.disputes)
      books.dispute({ ...dispute, movements: dispute.movements.slice(0, movements).toReversed() });
  }
  if (of === 'failures') for (const failure of truth.failures) books.failLate(failure);
  return books;
}

/** The books of the payment after events in this order; each is the payment's as the provider had it then. */
function booksAfter(order: ReversedOrder, truth: Truth, events: readonly Heard[]) {
  const held: Reversal[] = [];
  const postings: Posting[] = [];
  if (truth.ours) {
    const books = new PaymentBooks({ order, paymentId: 'pi_1', platform: null, source: 'test' }, held);
    const sides = order.kind === 'top_up' ? truth.ours : { ...truth.ours, credited: truth.ours.charged };
    books.reserve({ subject: 'rfn_1', ...sides });
    held.push(...books.added);
    postings.push(...books.postings);
  }
  for (const event of events) {
    const books = hear(order, held, truth, event);
    held.push(...books.added);
    postings.push(...books.postings);
  }
  expect(new Set(postings.map((posting) => `${posting.agencyId} ${posting.reference}`)).size).toBe(postings.length);
  const sums = new Map<string, Money>();
  for (const posting of postings) {
    for (const { account, amount } of balanced(posting).lines) {
      const name = `${account.agencyId} ${account.code} ${account.currency}`;
      sums.set(name, (sums.get(name) ?? Money.zero(account.currency)).plus(amount));
    }
  }
  const balance = (name: string): Money => sums.get(name) ?? Money.zero(name.slice(-3));
  return { held, balance, sums };
}

const story: fc.Arbitrary<Story> = fc
  .record({
    asked: fc.option(fc.record({ cents: fc.integer({ min: 3, max: 500 }), fails: fc.boolean() })),
    refunds: fc.array(fc.record({ steps: fc.integer({ min: 1, max: 96 }), fails: fc.boolean() }), { maxLength: 2 }),
    disputed: fc.integer({ min: 0, max: 193 }),
    won: fc.integer({ min: 0, max: 193 }),
    failsLate: fc.boolean(),
  })
  .map(({ disputed, won, ...rest }) => ({ ...rest, disputed, won: Math.min(disputed, won) }));

/** Every event that the story made, each told once or twice, some never, in any order; the last of each kind shows its end. */
const telling = story.chain((told) => {
  const truth = truthOf(told);
  const refundMoves = truth.refunds.flatMap(({ movements }) => movements).length;
  const disputeMoves = truth.disputes.flatMap(({ movements }) => movements).length;
  const each = (of: Heard['of'], count: number): Heard[] =>
    Array.from({ length: count }, (_none, index) => ({ of, movements: index + 1 }));
  const ends: Heard[] = [
    { of: 'refunds', movements: refundMoves },
    { of: 'disputes', movements: disputeMoves },
    { of: 'failures', movements: 1 },
  ];
  const all = [...each('refunds', refundMoves), ...each('disputes', disputeMoves), ...ends];
  return fc
    .tuple(fc.shuffledSubarray(all), fc.shuffledSubarray(ends, { minLength: 3, maxLength: 3 }))
    .map(([some, last]) => ({ truth, events: [...some, ...last] }));
});

const netOf = (truth: Truth): Money =>
  [...truth.refunds, ...truth.disputes, ...truth.failures.map((failure) => ({ movements: [failure.movement] }))]
    .flatMap(({ movements }) => movements)
    .reduce((sum, { kind, charged }) => (kind === 'withdrawn' ? sum.plus(charged) : sum.minus(charged)), omr('0'));

describe.each([
  ['a top-up', topUp],
  ['an invoice', invoice],
  ['a top-up sold on the platform’s account', owed],
])('of %s, refunds, disputes and a late failure', (_what, order) => {
  test('leave the books at the provider’s truth, in every order of events', () => {
    fc.assert(
      fc.property(telling, ({ truth, events }) => {
        const inStory: Heard[] = [
          { of: 'refunds', movements: Number.POSITIVE_INFINITY },
          { of: 'disputes', movements: Number.POSITIVE_INFINITY },
          { of: 'failures', movements: 1 },
        ];
        const { held, balance } = booksAfter(order, truth, events);
        const expected = booksAfter(order, truth, inStory);
        const net = netOf(truth);
        const settled = held.reduce((sum, each) => sum.plus(each.settled), omr('0'));
        expect(settled.toString()).toBe(net.toString());
        // What the provider's balance lost is what the books say, and nothing waits between the two.
        for (const owner of ['agc_1', 'agc_platform']) {
          expect(balance(`${owner} clearing OMR`).toString()).toBe('0.000 OMR');
          for (const account of [
            'provider_balance AED',
            'dispute_fees AED',
            'platform_revenue OMR',
            'payable_to_agency OMR',
          ]) {
            const name = `${owner} ${account}`;
            expect([name, balance(name).toString()]).toEqual([name, expected.balance(name).toString()]);
          }
        }
        expect(balance('agc_1 refunds_pending USD').isZero && balance('agc_1 refunds_pending OMR').isZero).toBe(true);
        for (const account of [
          'prepaid USD',
          'fx OMR',
          'rounding OMR',
          'subscription_revenue OMR',
          'tax_payable OMR',
        ]) {
          expect([account, balance(`agc_1 ${account}`).toString()]).toEqual([
            account,
            expected.balance(`agc_1 ${account}`).toString(),
          ]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('change nothing when they are told again', () => {
    fc.assert(
      fc.property(telling, ({ truth, events }) => {
        const { held } = booksAfter(order, truth, events);
        for (const event of events.slice(-3)) expect(hear(order, held, truth, event).added).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

test('the client bears the share of what is gone, never more than was credited', () => {
  fc.assert(
    fc.property(telling, ({ truth, events }) => {
      fc.pre(truth.ours === null);
      const { balance } = booksAfter(topUp, truth, events);
      const share = Money.of('5.00', 'USD').times(netOf(truth).amount).amount.div('1.930').toDecimalPlaces(6);
      const expected = share.greaterThan(5) ? '5' : share.toFixed();
      expect(balance('agc_1 prepaid USD').amount.toFixed()).toBe(expected);
    }),
  );
});

test('what came back of a dispute waits for what it took, and a fee alone is posted all the same', () => {
  const [whole] = truthOf({ asked: null, refunds: [], disputed: 193, won: 193, failsLate: false }).disputes;
  if (!whole) throw new Error('nothing was disputed');
  const books = new PaymentBooks({ order: topUp, paymentId: 'pi_1', platform: null, source: 'test' }, []);
  books.dispute({ ...whole, movements: whole.movements.filter(({ kind }) => kind === 'reinstated') });
  expect(books.postings.map(({ reference }) => reference)).toEqual(['stripe:acct_1:txn_fee:arrived']);
  books.dispute(whole);
  expect(books.taken.charged.isZero).toBe(true);
  expect(books.added.map(({ kind }) => kind)).toEqual(['arrival', 'dispute', 'arrival', 'dispute', 'arrival']);
});

test('a fee that went back is cleared by its own line, though the line of another refund came first', () => {
  const shared: ReversedOrder = { ...topUp, agency_percent: '70', platform_share: '0.550', application_fee: '0.550' };
  const fees = [
    { id: 'fr_1', feeId: 'fee_1', amount: omr('0.140'), settled: null, at },
    { id: 'fr_2', feeId: 'fee_1', amount: omr('0.410'), settled: null, at },
  ];
  const line = (id: string, charged: string, feeReturned: string) => ({
    ...movement(id, 'withdrawn', omr(charged)),
    feeReturned: aed(feeReturned),
  });
  const told = { paymentId: 'pi_1', refundId: null, metadata: {}, failure: null, createdAt: at };
  const first = { ...told, id: 're_1', amount: omr('0.490'), status: 'pending', movements: [] } as const;
  const second = { ...told, id: 're_2', amount: omr('1.440'), status: 'succeeded' } as const;
  const secondPaid = { ...second, movements: [line('txn_2', '1.440', '3.91')] };
  const firstPaid = { ...first, status: 'succeeded', movements: [line('txn_1', '0.490', '1.34')] } as const;
  const platform = { agencyId: 'agc_platform', merchantAccountId: 'macc_platform' };
  const held: Reversal[] = [];
  const postings: Posting[] = [];
  for (const refunds of [
    [first, secondPaid],
    [firstPaid, secondPaid],
  ]) {
    const books = new PaymentBooks({ order: shared, paymentId: 'pi_1', platform, source: 'test' }, held);
    hearRefunds(books, shared, { refunds, feeReturns: fees }, []);
    held.push(...books.added);
    postings.push(...books.postings);
  }
  const lines = postings.filter(({ agencyId }) => agencyId === 'agc_1').flatMap((posting) => posting.lines);
  const clearing = lines.reduce(
    (sum, { account, amount }) => (account.code === 'clearing' ? sum.plus(amount) : sum),
    omr('0'),
  );
  expect(clearing.isZero).toBe(true);
});
