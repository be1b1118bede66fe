import { describe, expect, it } from 'vitest';
import type {
  SandboxDispute,
  SandboxDisputeMove,
  SandboxPayment,
  SandboxRefundOutcome,
} from '../../src/commands/sandbox-client.ts';
import type { TestService } from '../support/service.ts';
import type { Arrangement, PaidOrder, ReversalWorld } from './reversal-world.ts';

interface Step {
  readonly by: 'us' | 'provider';
  readonly happen: (paid: PaidOrder) => Promise<unknown>;
}

/** As a calendar: what happened to a payment, and how it ends whatever became of its events. */
export interface Story {
  readonly payment?: SandboxPayment;
  readonly steps: readonly Step[];
  readonly survives: {
    /** Nothing is heard until it is over: not where a step of ours follows from one that we have to hear of. */
    readonly allAtOnce: boolean;
    /** Of a step's events all but one are lost: not where they tell of several things. */
    readonly oneOfStep: boolean;
    /** Of all events all but one are lost: not where refunds and disputes come together. */
    readonly oneOfAll: boolean;
  };
  readonly ends: {
    readonly status: string;
    readonly amountRefunded: string;
    /** The status of the latest. */
    readonly dispute: string | null;
    readonly balance: string;
  };
}

export const anything: Story['survives'] = { allAtOnce: true, oneOfStep: true, oneOfAll: true };

const arrangements: Readonly<Record<string, Arrangement>> = {
  'as they happened': (events) => events,
  'as they happened, each twice': (events) => events.flatMap((event) => [event, event]),
  'the newest first': (events) => events.toReversed(),
  'the newest first, each twice': (events) => events.toReversed().flatMap((event) => [event, event]),
};
const butOneLost: Readonly<Record<string, Arrangement>> = { 'but one, all others lost': (events) => events.slice(-1) };

interface Worlds {
  readonly service: TestService;
  readonly world: ReversalWorld;
}

/** What may happen to a payment. `worlds` is asked when it does. */
export const stepsOf = (worlds: () => Worlds) => ({
  inDashboard: (amount?: number): Step => ({
    by: 'provider',
    happen: ({ paymentId }) =>
      worlds().service.sandbox.refundInDashboard(paymentId, amount === undefined ? {} : { amount }),
  }),
  byApi: (amount?: string): Step => ({ by: 'us', happen: ({ orderId }) => worlds().world.refund(orderId, amount) }),
  aDayLater: { by: 'provider', happen: () => worlds().service.sandbox.advanceClock('25h') } satisfies Step,
  refundsNow: (outcome: SandboxRefundOutcome): Step => ({
    by: 'provider',
    happen: () => worlds().service.sandbox.setRefunds(outcome),
  }),
  failsLate: {
    by: 'provider',
    happen: ({ paymentId }) => worlds().service.sandbox.failPayment(paymentId),
  } satisfies Step,
  disputed: (kind: SandboxDispute['kind'], amount?: number): Step => ({
    by: 'provider',
    happen: ({ paymentId }) =>
      worlds().service.sandbox.dispute(paymentId, amount === undefined ? { kind } : { kind, amount }),
  }),
  /** Moves the payment's latest dispute. */
  moved: (move: SandboxDisputeMove, reinstatedAmount?: number): Step => ({
    by: 'provider',
    happen: async (paid) => {
      const [latest] = await worlds().world.disputesOf(paid);
      return worlds().service.sandbox.moveDispute(latest?.id ?? 'none', move, reinstatedAmount);
    },
  }),
});

/** Each story with its events in every order, doubled, lost but for one, all at the end, and before its payment's. */
export function describeStories(worlds: () => Worlds, stories: Readonly<Record<string, Story>>): void {
  const expectEnd = async ({ orderId, customerId }: PaidOrder, ends: Story['ends']): Promise<void> => {
    const { service, world } = worlds();
    const { status, amountRefunded, dispute } = await world.order(orderId);
    const balance = await service.balance(customerId);
    expect({ status, amountRefunded, dispute: dispute?.status ?? null, balance }).toEqual(ends);
    await world.expectBooksOfProvider();
  };

  describe.each(Object.entries(stories))('%s', (_story, { payment, steps, survives, ends }) => {
    const ofSteps = Object.entries({ ...arrangements, ...(survives.oneOfStep ? butOneLost : {}) });
    it.each(ofSteps)('ends the same when the events of each step come %s', async (_order, arrange) => {
      const { world } = worlds();
      const paid = await world.paid('5.00', payment);
      for (const { happen } of steps) await world.lost(() => happen(paid), arrange);
      await expectEnd(paid, ends);
    });

    const ofAll = Object.entries({ ...arrangements, ...(survives.oneOfAll ? butOneLost : {}) });
    it.each(survives.allAtOnce ? ofAll : [])('ends the same when all its events come %s', async (_order, arrange) => {
      const { world } = worlds();
      const paid = await world.paid('5.00', payment);
      await world.lost(async () => {
        for (const { happen } of steps) await happen(paid);
      }, arrange);
      await expectEnd(paid, ends);
    });

    const isAllOfProvider = steps.every(({ by }) => by === 'provider');
    it.each(isAllOfProvider ? ['last'] : [])('ends the same when its payment is heard of %s', async () => {
      const { service, world } = worlds();
      const { api } = await service.agency('Unheard');
      const customerId = await service.customer(api);
      const paid: PaidOrder[] = [];
      await world.lost(
        async () => {
          const own = await world.topUp(customerId, '5.00', payment);
          for (const { happen } of steps) await happen(own);
          paid.push(own);
        },
        (events) => events.toReversed(),
      );
      await service.sandbox.advanceClock('2s');
      for (const own of paid) await expectEnd(own, ends);
    });
  });
}
