import { askConfirmation } from './cards/ask-confirmation.ts';
import { findByProviderId, isChargeable, lockCards } from './cards/card.store.ts';
import { createCards } from './cards/cards.ts';
import { createCatalog } from './catalog/catalog.ts';
import { followAccounts } from './catalog/follow-accounts.ts';
import type { CustomerKey } from './catalog/offer.store.ts';
import { createOffers } from './catalog/offers.ts';
import { createAdjustBalance } from './checkout/adjust-balance.ts';
import { createEndOpenSessions } from './checkout/end-open-sessions.ts';
import { createExpireLostOrders } from './checkout/expire-lost-orders.ts';
import { createFindOrder } from './checkout/find-orders.ts';
import { followJobName } from './checkout/follow-job.ts';
import { createFollowPayments } from './checkout/follow-payments.ts';
import { listeningTogether } from './checkout/order-listener.ts';
import type { PaymentListeners } from './checkout/payment-listeners.ts';
import { createQuoteTopUp } from './checkout/quote-top-up.ts';
import { resumeFollowing } from './checkout/resume-following.ts';
import { createSettleInvoice } from './checkout/settle-invoice.ts';
import { createSettlePayments, type SettlePayments } from './checkout/settle-payments.ts';
import { createStartTopUp } from './checkout/start-top-up.ts';
import { sendReceipts, tellFailed, tellPaid } from './checkout/tell-payments.ts';
import { jobs, type ScheduledJob } from './delivery/jobs.ts';
import { createExplainBalance } from './history/explain-balance.ts';
import { createHistory } from './history/read-history.ts';
import { createLedger, type Ledger } from './ledger/ledger.ts';
import { createAgencyAccounts } from './merchant-accounts/agency-accounts.ts';
import { createCredentials } from './merchant-accounts/credentials.ts';
import { createMirrorAccounts } from './merchant-accounts/mirror-accounts.ts';
import { createOnboardingStates } from './merchant-accounts/onboarding-state.ts';
import { tellAccounts } from './merchant-accounts/tell-accounts.ts';
import { resolveAll } from './outgoing/address.ts';
import { createNotices } from './outgoing/notices.ts';
import { createOutgoing } from './outgoing/outgoing.ts';
import { createOverviews } from './overview/read-overview.ts';
import { createOperationStore } from './providers/operation.store.ts';
import { createReceipts } from './receipts/receipts.ts';
import { createReconciliation } from './reconciliation/reconciliation.ts';
import { announceDecline } from './refill/announce-decline.ts';
import { createAutoRefill } from './refill/auto-refill.ts';
import { refillCardUse } from './refill/card-use.ts';
import { recordDecline } from './refill/end-attempt.ts';
import { createNoticePostings } from './refill/notice-postings.ts';
import { createRefunds } from './refunds/refunds.ts';
import { createReadRevenue } from './revenue/read-revenue.ts';
import type { RoomDependencies } from './room-dependencies.ts';
import { createLicences } from './subscriptions/licences.ts';
import { livePlanOf, liveSubscriptions } from './subscriptions/live-plan.ts';
import { createOffline } from './subscriptions/offline-subscriptions.ts';
import { createPackListener } from './subscriptions/pack-listener.ts';
import { createStartPack, listPacks } from './subscriptions/start-pack.ts';
import { createSubscriptions } from './subscriptions/subscriptions.ts';
import { switchCollection } from './subscriptions/switch-collection.ts';
import { switchToCard } from './subscriptions/switch-to-card.ts';
import { createTrials } from './subscriptions/trials.ts';
import { versionDocument } from './subscriptions/version-document.ts';
import { createGate } from './usage/gate.ts';
import { createMeters } from './usage/meters.ts';
import { createWatchBalances } from './usage/service-state.ts';
import { createUsage } from './usage/usage.ts';

/** The business rooms' use cases, given to each other and to nobody else: the service and its tests build them here. */
export function createRooms(dependencies: RoomDependencies) {
  const { database, clock, providers, merchantAccounts, publicUrl, log } = dependencies;
  const { pool } = database;
  const operations = { store: createOperationStore(pool), clock };
  const atProviders = { database, clock, providers, merchantAccounts };
  const noticePostings = createNoticePostings({ jobs, ledger: () => ledger });
  const watchBalances = createWatchBalances({
    clock,
    ledger: () => ledger,
    emit: (sql, events) => outgoing.emit(sql, events),
    notify: (sql, told) => notices.notify(sql, told),
  });
  const ledger: Ledger = createLedger({
    pool,
    clock,
    onPosted: async (sql, clients) => {
      await watchBalances(sql, clients);
      await noticePostings(sql, clients);
    },
  });
  const catalog = createCatalog({ database, clock, providers, operations, jobs, planUses: [liveSubscriptions] });
  const expireLostOrders = createExpireLostOrders({
    ...atProviders,
    onFailure: (order, error) => log.warn({ order, err: error }, 'an order without a session could not be decided'),
  });
  const endOpenSessions = createEndOpenSessions({
    ...atProviders,
    operations,
    onFailure: (order, error) => log.warn({ order, err: error }, 'a session could not be ended now'),
  });
  const outgoing = createOutgoing({
    database,
    clock,
    jobs,
    sealer: dependencies.sealer,
    sender: dependencies.sender,
    allowPrivateAddresses: dependencies.webhooksAllowPrivateAddresses,
    resolve: resolveAll,
  });
  const notices = createNotices({ database, clock, jobs, mailer: dependencies.mailer });
  const paymentListeners: PaymentListeners = {
    onPaid: [tellPaid(outgoing.emit), sendReceipts(notices.notify)],
    onFailed: [tellFailed(outgoing.emit)],
  };
  const followPayments = createFollowPayments({
    database,
    clock,
    ledger,
    providers,
    merchantAccounts,
    jobs,
    listeners: paymentListeners,
    onFailure: (payment, error) => log.warn({ payment, err: error }, 'a payment could not be followed yet'),
  });

  const agencyAccounts = createAgencyAccounts({
    database,
    clock,
    providers,
    operations,
    merchantAccounts,
    credentials: createCredentials({ database, clock, sealer: dependencies.sealer }),
    accountWebhooks: dependencies.accountWebhooks,
    states: createOnboardingStates({ clock, sign: dependencies.sign }),
    listeners: [followAccounts({ clock, jobs }), resumeFollowing({ clock, jobs }), tellAccounts(outgoing.emit)],
    defaultTerms: dependencies.defaultTerms,
    publicUrl,
  });

  const billing = { database, clock, ledger, merchantAccounts, jobs };
  const offlineDependencies = {
    ...billing,
    emit: outgoing.emit,
    switchToCard: switchToCard({ clock, jobs, findDefaultCard: (sql, client) => cards.findDefault(sql, client) }),
    onFailure: (subscription: string, error: unknown) =>
      log.warn({ subscription, err: error }, 'a subscription could not be renewed now'),
  };
  const subscriptions = createSubscriptions({
    ...billing,
    offline: offlineDependencies,
    providers,
    operations,
    outgoing,
    notify: notices.notify,
    settleInvoice: createSettleInvoice({ ledger, clock }),
    findDefaultCard: (sql, client) => cards.findDefault(sql, client),
    versionDocument,
    onSubscriptionCard: (sql, card) => cards.adopt(sql, card),
    onRenewalDeclined: async (sql, { merchantAccountId, providerCardId, fact, amount, ...decline }) => {
      const card = await findByProviderId(sql, merchantAccountId, providerCardId);
      // Its client was told that the payment failed.
      const quiet = { clock, announceDecline: async () => undefined };
      if (card) await recordDecline(quiet, sql, { ...card, fact, amount }, decline);
    },
    onFailure: (subscription, error) =>
      log.warn({ subscription, err: error }, 'a subscription could not be carried now'),
    publicUrl,
  });
  const autoRefill = createAutoRefill({
    database,
    clock,
    ledger,
    providers,
    merchantAccounts,
    operations,
    jobs,
    livePlanOf,
    findDefaultCard: async (sql, client) => {
      const card = await cards.findDefault(sql, client);
      return card && { ...card, paymentMethodId: card.id, verified: card.status === 'verified' };
    },
    lockCards,
    isChargeable,
    announceDecline: announceDecline(outgoing.emit, notices.notify),
    settlePayments: () => settlePayments,
    publicUrl,
  });
  const cards = createCards({
    database,
    clock,
    providers,
    merchantAccounts,
    operations,
    jobs,
    cardUses: [refillCardUse, { name: 'a subscription is charged to it', isLive: subscriptions.needsCard }],
    onDefaultChanged: async (sql, client) => {
      await autoRefill.onCardChanged(sql, client);
      await subscriptions.onDefaultChanged(sql, client);
    },
    onActionRequired: askConfirmation(notices.notify),
    onFailure: (hold, error) => log.warn({ hold, err: error }, 'a hold could not be looked after now'),
    publicUrl,
  });
  const settlePayments: SettlePayments = createSettlePayments({
    ledger,
    clock,
    jobs,
    listeners: paymentListeners,
    orderListener: listeningTogether(autoRefill.orderListener, createPackListener({ clock })),
  });

  const refunds = createRefunds({
    database,
    clock,
    ledger,
    jobs,
    providers,
    merchantAccounts,
    operations,
    settlePayments,
    onFailure: (refund, error) => log.warn({ refund, err: error }, 'a refund could not be sent now'),
  });

  const offline = createOffline(offlineDependencies);
  const trials = createTrials({ database, clock, emit: outgoing.emit, notify: notices.notify });
  const usage = createUsage({ database, clock, ledger });
  const meters = createMeters({
    ...atProviders,
    ledger,
    onFailure: (meter, error) => log.warn({ meter, err: error }, 'a meter could not be compared now'),
  });
  const gate = createGate({ database, clock, ledger, refusals: dependencies.refusals ?? null });

  const reconciliation = createReconciliation({
    ...dependencies.backfill,
    ...atProviders,
    jobs,
    settlePayments,
    refreshPayment: refunds.refresh,
    followPayments: followPayments.all,
    onFailure: ({ id }, error) => log.warn({ account: id, err: error }, 'an account could not be compared now'),
  });

  const receipts = createReceipts({ database, clock, ledger, log });

  const roomJobs: Readonly<Record<string, ScheduledJob>> = {
    ...catalog.jobs,
    ...outgoing.jobs,
    ...notices.jobs,
    ...cards.jobs,
    ...subscriptions.jobs,
    ...trials.jobs,
    ...offline.jobs,
    ...autoRefill.jobs,
    ...usage.jobs,
    ...gate.jobs,
    ...meters.jobs,
    ...refunds.jobs,
    ...reconciliation.jobs,
    ...receipts.jobs,
    'checkout.expire_lost_orders': { handle: expireLostOrders, cron: '*/3 * * * *' },
    'checkout.end_open_sessions': { handle: endOpenSessions, cron: '*/3 * * * *' },
    [followJobName]: { handle: followPayments.some, cron: '* * * * *' },
    'ledger.roll_up': { handle: () => ledger.rollUp(), cron: '* * * * *' },
  };

  return {
    ledger,
    catalog,
    outgoing,
    notices,
    offers: createOffers({ database, clock, jobs }),
    subscriptions,
    trials,
    licences: createLicences({ database, clock }),
    onCustomerCreated: trials.onCustomerCreated,
    onCollectionChanged: switchCollection({ clock }),
    invoices: offline.invoices,
    usage,
    meters,
    gate,
    adjustBalance: createAdjustBalance({ database, ledger, merchantAccounts, livePlanOf }),
    quoteTopUp: createQuoteTopUp({ database, clock, providers, merchantAccounts }),
    startTopUp: createStartTopUp({
      database,
      clock,
      providers,
      merchantAccounts,
      operations,
      livePlanOf,
      publicUrl,
    }),
    startPack: createStartPack({ database, clock, providers, merchantAccounts, operations, publicUrl }),
    listPacks: (customer: CustomerKey) => listPacks({ database, merchantAccounts }, customer),
    findOrder: createFindOrder(database, refunds.readReversals),
    refunds,
    agencyAccounts,
    mirrorAccounts: createMirrorAccounts(agencyAccounts),
    readRevenue: createReadRevenue({ database, ledger, clock }),
    history: createHistory(database),
    receipts,
    explainBalance: createExplainBalance({ database, ledger }),
    overviews: createOverviews({ database, ledger, clock }),
    cards,
    autoRefill,
    settlePayments,
    reconciliation,
    jobs: roomJobs,
    /** What falls due by the clock, done now: for a clock that was moved. */
    doWhatIsDue: async (): Promise<void> => {
      const works = [
        ...[expireLostOrders, endOpenSessions, followPayments.all, cards.sweep, offline.sweep],
        ...[subscriptions.sweep, usage.sweep, gate.sweep, meters.turn, trials.sweep],
        ...[autoRefill.sweep, refunds.sweep, receipts.number],
        ...[outgoing.deliverDue, notices.sendDue],
      ];
      for (const work of works) await work();
    },
  };
}

export type Rooms = ReturnType<typeof createRooms>;
