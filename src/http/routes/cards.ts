import { z } from 'zod';
import type { SavedCard } from '../../cards/card.store.ts';
import type { Cards } from '../../cards/cards.ts';
import type { CardVerification } from '../../cards/verification.store.ts';
import type { TenancyDependencies } from '../../tenancy/agency.ts';
import { findCustomer } from '../../tenancy/find-customers.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime, moneyAnswer } from '../schemas.ts';

export interface CardRouteDependencies extends TenancyDependencies {
  readonly cards: Cards;
}

const cardAnswer = z
  .object({
    id: id('paymentMethod'),
    customerId: id('customer'),
    merchantAccountId: id('merchantAccount').meta({ description: 'A card stays on the account where it was saved.' }),
    brand: z.string(),
    last4: z.string(),
    expMonth: z.number().int(),
    expYear: z.number().int(),
    fingerprint: z.string().meta({ description: 'Equal for the same card number on one account.' }),
    funding: z.string().nullable(),
    country: z.string().nullable(),
    status: z.enum(['saved', 'verified', 'failed']).meta({
      description: '`saved`: its verification has not ended. Only a verified card can be the default.',
    }),
    isDefault: z.boolean(),
    createdAt: isoTime,
  })
  .meta({ id: 'PaymentMethod' });

const cardJson = (card: SavedCard) => ({
  id: card.id,
  customerId: card.customerId,
  merchantAccountId: card.merchantAccountId,
  brand: card.brand,
  last4: card.last4,
  expMonth: card.expMonth,
  expYear: card.expYear,
  fingerprint: card.fingerprint,
  funding: card.funding,
  country: card.country,
  status: cardAnswer.shape.status.parse(card.status),
  isDefault: card.isDefault,
  createdAt: card.createdAt.toISOString(),
});

const verificationAnswer = z
  .object({
    id: id('cardVerification'),
    customerId: id('customer'),
    paymentMethodId: id('paymentMethod'),
    amount: moneyAnswer.meta({ description: 'About a dollar, set aside for a moment. It is never taken.' }),
    status: z.enum(['requested', 'placed', 'released', 'failed', 'action_required', 'expired']),
    message: z.string().meta({ description: 'What a client may read about it.' }),
    actionUrl: z
      .string()
      .nullable()
      .meta({ description: 'Where the client confirms it to its bank, while it asks for that.' }),
    failure: z
      .object({ code: z.string().nullable(), declineCode: z.string().nullable(), message: z.string().nullable() })
      .nullable(),
    requestedAt: isoTime,
    updatedAt: isoTime,
  })
  .meta({ id: 'CardVerification' });

/** A hold is never called a charge: clients who read of one in their bank's app must not think that money was taken. */
const messages: Readonly<Record<CardVerification['status'], (amount: string) => string>> = {
  requested: (amount) => `A temporary hold of ${amount} is being placed to verify the card. Nothing is taken.`,
  placed: (amount) => `A temporary hold of ${amount} verifies the card and is being released. Nothing is taken.`,
  released: (amount) => `The card is verified. The temporary hold of ${amount} was released; nothing was taken.`,
  expired: (amount) => `The card is verified. The bank let go of the temporary hold of ${amount}; nothing was taken.`,
  action_required: (amount) => `The bank asks the client to confirm the temporary hold of ${amount}. Nothing is taken.`,
  failed: () => 'The card could not be verified. Nothing was taken.',
};

const verificationJson = (verification: CardVerification) => ({
  id: verification.id,
  customerId: verification.customerId,
  paymentMethodId: verification.paymentMethodId,
  amount: verification.amount.toJSON(),
  status: verification.status,
  message: messages[verification.status](verification.amount.toString()),
  actionUrl: verification.actionUrl,
  failure:
    verification.status === 'failed'
      ? { code: verification.code, declineCode: verification.declineCode, message: verification.message }
      : null,
  requestedAt: verification.requestedAt.toISOString(),
  updatedAt: verification.updatedAt.toISOString(),
});

const ofClient = z.strictObject({ id: id('customer') });
const ofCard = z.strictObject({ id: id('customer'), pmId: id('paymentMethod') });
const tag = 'Cards';

/** A client's saved cards and the holds that verify them. A card is saved by a checkout session of kind `card`. */
export function createCardRoutes(dependencies: CardRouteDependencies): Route[] {
  const { cards } = dependencies;
  return [
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/payment-methods',
      summary: 'List saved cards',
      description: 'Newest first.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: ofClient,
      responses: { 200: z.object({ data: z.array(cardAnswer) }) },
      handle: async ({ scope, params }) => {
        const { agencyId, id: customerId } = await findCustomer(dependencies, scope, params.id);
        return { status: 200, body: { data: (await cards.list({ agencyId, customerId })).map(cardJson) } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/customers/:id/payment-methods/:pmId/default',
      summary: 'Make a card the default',
      description: 'Refills and renewals are charged to it. Only a verified card can be: else 409 `card_not_verified`.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: ofCard,
      responses: { 200: cardAnswer },
      handle: async ({ scope, params }) => {
        const { agencyId, id: customerId } = await findCustomer(dependencies, scope, params.id);
        return {
          status: 200,
          body: cardJson(await cards.setDefault(scope, { agencyId, customerId }, params.pmId)),
        };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/customers/:id/payment-methods/:pmId',
      summary: 'Remove a card',
      description:
        'The default is removed by naming another verified card as `newDefault`: else 409 `card_is_default`. The last card that can be ' +
        'charged stays while auto-refill or a subscription needs it: 409 `card_needed`.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: ofCard,
      query: z.strictObject({ newDefault: id('paymentMethod').optional() }),
      responses: { 204: z.undefined() },
      handle: async ({ scope, params, query }) => {
        const { agencyId, id: customerId } = await findCustomer(dependencies, scope, params.id);
        const removal = { cardId: params.pmId, newDefault: query.newDefault };
        await cards.remove(scope, { agencyId, customerId }, removal);
        return { status: 204, body: undefined };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/card-verifications',
      summary: 'List verification holds',
      description:
        'Newest first, the last hundred. A hold is set aside and released; it is no payment and touches no balance.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: ofClient,
      responses: { 200: z.object({ data: z.array(verificationAnswer) }) },
      handle: async ({ scope, params }) => {
        const { agencyId, id: customerId } = await findCustomer(dependencies, scope, params.id);
        const found = await cards.listVerifications({ agencyId, customerId });
        return { status: 200, body: { data: found.map(verificationJson) } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/customers/:id/card-verifications',
      summary: 'Verify a card again',
      description: 'After a verification that failed. While one is under way it is answered instead.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: ofClient,
      body: z.strictObject({ paymentMethodId: id('paymentMethod') }),
      responses: { 201: verificationAnswer },
      handle: async ({ scope, params, body, request }) => {
        const { agencyId, id: customerId } = await findCustomer(dependencies, scope, params.id);
        const address = scope.role === 'portal' ? request.address : null;
        const started = await cards.verifyAgain({ agencyId, customerId }, body.paymentMethodId, address);
        return { status: 201, body: verificationJson(started) };
      },
    }),
  ];
}
