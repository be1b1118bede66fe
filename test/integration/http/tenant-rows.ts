import type { Service, Tenant } from './tenants.ts';

/** Rows of a tenant that no route makes without a provider. */

export async function storeEndpoint({ prisma, clock }: Service, agencyId: string) {
  const [endpoint, delivery] = [`whe_of_${agencyId}`, `msg_of_${agencyId}`];
  const createdAt = clock.now();
  await prisma.webhookEndpoint.create({
    data: { agencyId, id: endpoint, url: 'https://93.184.216.34/own', eventTypes: ['*'], secret: 'sealed', createdAt },
  });
  await prisma.outgoingDelivery.create({
    data: {
      agencyId,
      id: delivery,
      endpointId: endpoint,
      type: 'payment.paid',
      fact: 'of a test',
      body: '{}',
      status: 'failed',
      dueAt: createdAt,
      createdAt,
    },
  });
  return { endpoint, delivery };
}

export async function storeNotice({ prisma, clock }: Service, { agencyId, id: customerId }: Tenant['customer']) {
  const id = `ntc_of_${agencyId}`;
  const createdAt = clock.now();
  await prisma.notice.create({
    data: {
      agencyId,
      id,
      customerId,
      kind: 'receipt',
      fact: 'of a test',
      recipient: 'client@example.com',
      fromName: 'A',
      subject: 'Payment received',
      text: 'Thank you.',
      html: '<p>Thank you.</p>',
      status: 'kept',
      dueAt: createdAt,
      createdAt,
    },
  });
  return id;
}

export async function storeCall({ prisma, clock }: Service, { agencyId, id: customerId }: Tenant['customer']) {
  const id = `call_of_${agencyId}`;
  const startedAt = clock.now();
  await prisma.gateSession.create({
    data: {
      agencyId,
      id,
      customerId,
      feature: 'call_minutes',
      callId: 'stored',
      slotsUsed: 1,
      startedAt,
      expiresAt: new Date(startedAt.getTime() + 120_000),
    },
  });
  return id;
}

export async function storeCard(
  { prisma, clock }: Service,
  { agencyId, id: customerId }: Tenant['customer'],
  accountId: string,
) {
  const id = `pm_of_${agencyId}`;
  await prisma.paymentMethod.create({
    data: {
      agencyId,
      id,
      customerId,
      merchantAccountId: accountId,
      providerCardId: `card_of_${agencyId}`,
      providerCustomerId: 'cus_provider',
      brand: 'visa',
      last4: '4242',
      expMonth: 12,
      expYear: 2030,
      fingerprint: `fingerprint_of_${agencyId}`,
      status: 'saved',
      createdAt: clock.now(),
    },
  });
  return id;
}

export async function storeInvoice(
  { prisma, clock }: Service,
  { agencyId, id: customerId }: Tenant['customer'],
  merchantAccountId: string,
) {
  const id = `inv_of_${agencyId}`;
  const now = clock.now();
  const subscription = await prisma.subscription.findFirstOrThrow({ where: { agencyId, customerId } });
  await prisma.invoice.create({
    data: {
      ...{ agencyId, id, customerId, subscriptionId: subscription.id, merchantAccountId },
      ...{
        kind: 'offline',
        status: 'open',
        currency: 'USD',
        total: '49.00',
        tax: '0',
        amountDue: '49.00',
        amountPaid: '0',
      },
      ...{ planId: subscription.planId, planVersion: subscription.planVersion, createdAt: now, updatedAt: now },
    },
  });
  return id;
}

export async function storeTrial({ prisma, clock }: Service, { agencyId, id: customerId }: Tenant['customer']) {
  const id = `trial_of_${agencyId}`;
  const startedAt = clock.now();
  await prisma.trial.create({
    data: {
      agencyId,
      id,
      customerId,
      emailKey: 'client@example.com',
      status: 'active',
      minutes: '60',
      concurrency: 2,
      endBehavior: 'pause',
      startedAt,
      endsAt: new Date(startedAt.getTime() + 14 * 86_400_000),
    },
  });
  return id;
}

export async function storeAccount({ prisma, clock }: Service, agencyId: string): Promise<string> {
  const id = `macc_of_${agencyId}`;
  const now = clock.now();
  await prisma.merchantAccount.create({
    data: {
      agencyId,
      id,
      provider: 'stripe',
      providerAccountId: `acct_of_${agencyId}`,
      livemode: false,
      country: 'AE',
      chargeCurrency: 'OMR',
      usdRate: '0.385',
      effectiveCurrency: 'OMR',
      settlementCurrency: 'AED',
      status: 'onboarding',
      createdAt: now,
      updatedAt: now,
    },
  });
  return id;
}

export async function storeSale({ prisma, clock }: Service, { agencyId, id: customerId }: Tenant['customer']) {
  const createdAt = clock.now();
  const expiresAt = new Date(createdAt.getTime() + 24 * 3_600_000);
  const money = { credited: '5.00', charged: '1.930', exact: '1.925', rate: '0.385', chargeCurrency: 'OMR' };
  const facts = { ...money, agencyId, customerId, merchantAccountId: 'macc_owned', expiresAt, createdAt };
  const [order, quote] = [`ord_of_${agencyId}`, `quote_of_${agencyId}`];
  await prisma.quote.create({ data: { ...facts, id: quote } });
  await prisma.order.create({
    data: {
      ...facts,
      id: order,
      kind: 'top_up',
      status: 'checkout',
      sessionId: `cs_of_${agencyId}`,
      successUrl: 'https://example.com/paid',
      cancelUrl: 'https://example.com/back',
      updatedAt: createdAt,
    },
  });
  // Another that was paid long enough ago for its receipt.
  const paidOrder = `ord_paid_of_${agencyId}`;
  await prisma.order.create({
    data: {
      ...facts,
      id: paidOrder,
      kind: 'top_up',
      status: 'paid',
      sessionId: `cs_paid_of_${agencyId}`,
      successUrl: 'https://example.com/paid',
      cancelUrl: 'https://example.com/back',
      paidAt: new Date(createdAt.getTime() - 2 * 3_600_000),
      updatedAt: createdAt,
    },
  });
  return { order, quote, paidOrder };
}
