import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { reinstatementOf, withdrawalOf } from '../../../src/refunds/dispute-amounts.ts';
import { creditedOf } from '../../../src/refunds/refund-amounts.ts';
import {
  type BothSides,
  lesser,
  minus,
  plus,
  type Split,
  splitOfReturn,
  splitOfTaking,
} from '../../../src/refunds/taken-back.ts';

const usd = (amount: string) => Money.of(amount, 'USD');
const omr = (amount: string) => Money.of(amount, 'OMR');
const sides = (credited: string, charged: string): BothSides => ({ credited: usd(credited), charged: omr(charged) });

const paid = sides('5.00', '1.930');
const nothing = sides('0', '0');

const shown = ({ credited, split }: { credited: Money; split: Split }) =>
  [credited, split.prepaid, split.losses].map(({ amount }) => amount.toFixed());

test.each<[string, BothSides, string, string[]]>([
  ['all of a payment takes the credit from the client', nothing, '1.930', ['5', '5', '0']],
  ['a part takes its share', nothing, '0.930', ['2.409326', '2.409326', '0']],
  ['all of what was refunded is lost', paid, '1.930', ['5', '0', '5']],
  [
    'all of what was refunded in part is lost in part',
    sides('2.590674', '1.000'),
    '1.930',
    ['5', '2.409326', '2.590674'],
  ],
])('a withdrawal of %s', (_what, before, charged, expected) => {
  expect(shown(withdrawalOf(paid, before, omr(charged)))).toEqual(expected);
});

const untouched = { withdrawn: paid, reinstated: nothing };

test('money that comes back covers the loss first, whichever took it', () => {
  // Refunded and charged back, and the bank gives it back: the refund stands, and the client has no credit.
  expect(shown(reinstatementOf(paid, sides('10', '3.860'), untouched, omr('1.930')))).toEqual(['5', '0', '5']);
  expect(shown(reinstatementOf(paid, paid, untouched, omr('1.930')))).toEqual(['5', '5', '0']);
});

test('a dispute gives back in parts what it took, and never more', () => {
  const first = sides('2.409326', '0.930');
  expect(shown(reinstatementOf(paid, paid, untouched, first.charged))).toEqual(['2.409326', '2.409326', '0']);
  const rest = reinstatementOf(paid, sides('2.590674', '1.000'), { ...untouched, reinstated: first }, omr('1.010'));
  expect(shown(rest)).toEqual(['2.590674', '2.590674', '0']);
  expect(rest.charged.toString()).toBe('1.000 OMR');
});

type Step =
  | { readonly of: 'refund'; readonly charged: Money }
  | { readonly of: 'refund_failure' }
  | { readonly of: 'withdrawal'; readonly charged: Money }
  | { readonly of: 'reinstatement'; readonly charged: Money };

/** One payment's books, as its events come in; what must follow another waits for it. */
function books(steps: readonly Step[]): { readonly taken: BothSides; readonly split: Split } {
  let taken = nothing;
  let split: Split = { prepaid: usd('0'), losses: usd('0') };
  let refund: BothSides | undefined;
  let withdrawn: BothSides | undefined;
  const take = (taking: BothSides, part: Split): void => {
    taken = plus(taken, taking);
    split = { prepaid: split.prepaid.plus(part.prepaid), losses: split.losses.plus(part.losses) };
  };
  const giveBack = (back: BothSides, part: Split): void => {
    taken = minus(taken, back);
    split = { prepaid: split.prepaid.minus(part.prepaid), losses: split.losses.minus(part.losses) };
  };
  const apply = (step: Step): boolean => {
    if (step.of === 'refund') {
      refund = { charged: step.charged, credited: creditedOf(paid, taken, step.charged) };
      take(refund, splitOfTaking(paid, taken, refund));
    } else if (step.of === 'withdrawal') {
      const withdrawal = withdrawalOf(paid, taken, step.charged);
      withdrawn = withdrawal;
      take(withdrawal, withdrawal.split);
    } else if (step.of === 'refund_failure') {
      if (!refund) return false;
      giveBack(refund, splitOfReturn(paid, taken, refund));
    } else {
      if (!withdrawn) return false;
      const back = reinstatementOf(paid, taken, { withdrawn, reinstated: nothing }, step.charged);
      giveBack(back, back.split);
    }
    return true;
  };
  const early = steps.filter((step) => !apply(step));
  expect(early.every(apply)).toBe(true);
  return { taken, split };
}

const story: fc.Arbitrary<readonly Step[]> = fc
  .record({
    refunded: fc.integer({ min: 1, max: 193 }),
    fails: fc.boolean(),
    disputed: fc.integer({ min: 1, max: 193 }),
    back: fc.integer({ min: 0, max: 193 }),
  })
  .map(({ refunded, fails, disputed, back }): readonly Step[] => {
    const step = (tens: number) => omr((tens / 100).toFixed(2));
    return [
      { of: 'refund', charged: step(refunded) },
      ...(fails ? [{ of: 'refund_failure' } as const] : []),
      { of: 'withdrawal', charged: step(disputed) },
      ...(back > 0 ? [{ of: 'reinstatement', charged: step(Math.min(back, disputed)) } as const] : []),
    ];
  });

const inAnyOrder = story.chain((steps) =>
  fc.shuffledSubarray([...steps], { minLength: steps.length, maxLength: steps.length }),
);

const refundIn = (steps: readonly Step[]): Money =>
  steps.reduce((sum, step) => (step.of === 'refund' ? sum.plus(step.charged) : sum), omr('0'));

test('a refund and a dispute end the same in every order of their events: the client bears the share, up to the credit', () => {
  fc.assert(
    fc.property(inAnyOrder, (steps) => {
      const { taken, split } = books(steps);
      const net = steps.reduce((sum, step) => {
        if (step.of === 'refund_failure') return sum.minus(refundIn(steps));
        return step.of === 'reinstatement' ? sum.minus(step.charged) : sum.plus(step.charged);
      }, omr('0'));
      expect(taken.charged.equals(net)).toBe(true);
      const share = Money.of(paid.credited.times(net.amount).amount.div(paid.charged.amount).toDecimalPlaces(6), 'USD');
      expect(split.prepaid.toString()).toBe(lesser(share, paid.credited).toString());
      expect(split.prepaid.plus(split.losses).equals(taken.credited)).toBe(true);
      const millionths = split.losses.minus(share.minus(split.prepaid)).amount.abs().times(1_000_000);
      expect(millionths.toNumber()).toBeLessThanOrEqual(5);
      if (net.isZero) expect(taken.credited.isZero && split.losses.isZero).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
