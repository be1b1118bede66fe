import { describe, expect, it } from 'vitest';
import type { Page } from '../../../src/providers/refund-ports.ts';
import { type ContractRun, need } from './contract-run.ts';

/** Far enough back to hold the run, near enough not to read the account's whole life. */
const lookBackMs = 3_600_000;

export function describeBooks(run: () => ContractRun): void {
  const pay = () => need(run().subject.takePayment, 'way to be paid')(run().money('2.000'), 'plain');
  const since = new Date(Date.now() - lookBackMs);

  async function all<Row>(read: (after: string | null) => Promise<Page<Row>>): Promise<Row[]> {
    const rows: Row[] = [];
    let after: string | null = null;
    do {
      const page: Page<Row> = await read(after);
      rows.push(...page.rows);
      after = page.next;
    } while (after !== null);
    return rows;
  }

  describe('the provider’s own books', () => {
    it('show a payment and its refund, each with the payment it is of, newest first', async () => {
      const { account } = run();
      const paymentId = await pay();
      const refunds = need(run().subject.provider.refunds, 'refunds');
      const refund = {
        refundId: run().name('refund'),
        paymentId,
        amount: run().money('2.000'),
        applicationFeeReturned: false,
        reason: null,
        metadata: {},
      };
      await refunds.create(account, refund, run().once());
      const balance = need(run().subject.provider.balance, 'balance');
      const entries = await all((after) => balance.listEntries(account, { since, after }));
      const own = entries.filter((entry) => entry.paymentId === paymentId);
      expect(own.map(({ kind }) => kind)).toEqual(['refund', 'payment']);
      const [back, paid] = own;
      expect(back?.settled.gross.plus(need(paid, 'payment').settled.gross).isZero).toBe(true);
    });

    it('are empty from a time that has not come', async () => {
      const balance = need(run().subject.provider.balance, 'balance');
      const later = new Date(Date.now() + lookBackMs);
      await expect(balance.listEntries(run().account, { since: later, after: null })).resolves.toEqual({
        rows: [],
        next: null,
      });
    });
  });

  describe('the provider’s log of events', () => {
    it('holds what happened, whether or not anybody listened', async () => {
      const { account } = run();
      const paymentId = await pay();
      const events = need(run().subject.provider.events, 'events');
      const types = ['payment_intent.succeeded'];
      const found = await all((after) => events.listSince(account, types, { since, after }));
      expect(new Set(found.map(({ type }) => type))).toEqual(new Set(types));
      const payloads = found.map(({ payload }): unknown => JSON.parse(payload));
      expect(payloads).toContainEqual(
        expect.objectContaining({ data: { object: expect.objectContaining({ id: paymentId }) } }),
      );
      expect(events.keptForMs).toBeGreaterThan(lookBackMs);
    });
  });
}
