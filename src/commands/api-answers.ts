import { z } from 'zod';
import { Money } from '../money/money.ts';

/** The parts of the service's answers that the commands read. */

export const moneyAnswer = z
  .object({ amount: z.string(), currency: z.string() })
  .transform(({ amount, currency }) => Money.of(amount, currency));

export const created = z.object({ id: z.string() });

export const issuedKey = z.object({ key: z.string() });

export const quoteAnswer = z.object({
  id: z.string(),
  credited: moneyAnswer,
  charged: moneyAnswer,
  rate: z.string(),
  rounding: moneyAnswer,
  currencyNotice: z.string().nullable(),
});

export const sessionAnswer = z.object({
  id: z.string(),
  orderId: z.string(),
  url: z.string().nullable(),
  status: z.string(),
});
export type SessionAnswer = z.output<typeof sessionAnswer>;

export const orderAnswer = z.object({
  id: z.string(),
  customerId: z.string(),
  status: z.string(),
  credited: moneyAnswer,
  charged: moneyAnswer,
  rounding: moneyAnswer,
  url: z.string().nullable(),
  attempts: z.array(z.object({ outcome: z.string(), code: z.string().nullable(), declineCode: z.string().nullable() })),
});
export type OrderAnswer = z.output<typeof orderAnswer>;

export const balanceAnswer = z.object({ balance: moneyAnswer });

export const ledgerLine = z.object({
  sequence: z.number(),
  code: z.string(),
  amount: moneyAnswer,
  balanceAfter: moneyAnswer,
  reference: z.string(),
});
export type LedgerLine = z.output<typeof ledgerLine>;

export const eventAnswer = z.object({
  id: z.string(),
  eventId: z.string(),
  type: z.string(),
  status: z.string(),
  reason: z.string().nullable(),
  attempts: z.number(),
});
export type EventAnswer = z.output<typeof eventAnswer>;

export const catalogStatus = z.object({ planId: z.string(), status: z.string(), reason: z.string().nullable() });

export const syncAnswer = z.object({ operations: z.array(z.unknown()), applied: z.boolean() });
