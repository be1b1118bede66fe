import type { KeyIssueDependencies } from '../../tenancy/api-keys.ts';
import type { CustomerChangeDependencies } from '../../tenancy/change-customer.ts';
import type { NewCustomerDependencies } from '../../tenancy/create-customer.ts';
import type { Route } from '../route.ts';
import { createAgencyRoutes } from './agencies.ts';
import { type AuditRouteDependencies, createAuditRoutes } from './audit.ts';
import { type AutoRefillRouteDependencies, createAutoRefillRoutes } from './auto-refill.ts';
import { type BalanceRouteDependencies, createBalanceRoutes } from './balances.ts';
import { type CardRouteDependencies, createCardRoutes } from './cards.ts';
import { type CatalogRouteDependencies, createCatalogRoutes } from './catalog.ts';
import { type CatalogSyncRouteDependencies, createCatalogSyncRoutes } from './catalog-sync.ts';
import { type CheckoutRouteDependencies, createCheckoutRoutes } from './checkout.ts';
import { createCustomerRoutes } from './customers.ts';
import { createEventRoutes, type EventRouteDependencies } from './events.ts';
import { createExplanationRoutes, type ExplanationRouteDependencies } from './explanations.ts';
import { createGateRoutes, type GateRouteDependencies } from './gate.ts';
import { createInvoiceRoutes, type InvoiceRouteDependencies } from './invoices.ts';
import { createLicenceRoutes, type LicenceRouteDependencies } from './licences.ts';
import { createMerchantAccountRoutes, type MerchantAccountRouteDependencies } from './merchant-accounts.ts';
import { createNoticeRoutes, type NoticeRouteDependencies } from './notices.ts';
import { createOfferRoutes, type OfferRouteDependencies } from './offers.ts';
import { createPortalRoutes, type PortalRouteDependencies } from './portal.ts';
import { createReceiptRoutes, type ReceiptRouteDependencies } from './receipts.ts';
import { createReconciliationRoutes, type ReconciliationRouteDependencies } from './reconciliations.ts';
import { createRefundRoutes, type RefundRouteDependencies } from './refunds.ts';
import { createRevenueRoutes, type RevenueRouteDependencies } from './revenue.ts';
import { createSubscriptionRoutes, type SubscriptionRouteDependencies } from './subscriptions.ts';
import { createTransactionRoutes, type TransactionRouteDependencies } from './transactions.ts';
import { createTrialRoutes, type TrialRouteDependencies } from './trials.ts';
import { createUsageRoutes, type UsageRouteDependencies } from './usage.ts';
import { createUsageMeterRoutes } from './usage-meters.ts';
import { createUsageViewRoutes } from './usage-views.ts';
import { createWebhookEndpointRoutes, type WebhookEndpointRouteDependencies } from './webhook-endpoints.ts';

/** What the routes together need: what each list asks for. */
export type RouteDependencies = KeyIssueDependencies &
  NewCustomerDependencies &
  CustomerChangeDependencies &
  InvoiceRouteDependencies &
  AuditRouteDependencies &
  AutoRefillRouteDependencies &
  BalanceRouteDependencies &
  CardRouteDependencies &
  CatalogRouteDependencies &
  CatalogSyncRouteDependencies &
  CheckoutRouteDependencies &
  EventRouteDependencies &
  ExplanationRouteDependencies &
  LicenceRouteDependencies &
  GateRouteDependencies &
  MerchantAccountRouteDependencies &
  WebhookEndpointRouteDependencies &
  NoticeRouteDependencies &
  OfferRouteDependencies &
  ReceiptRouteDependencies &
  ReconciliationRouteDependencies &
  RefundRouteDependencies &
  RevenueRouteDependencies &
  PortalRouteDependencies &
  SubscriptionRouteDependencies &
  TransactionRouteDependencies &
  TrialRouteDependencies &
  UsageRouteDependencies;

/** Every route of the API. Whatever is not in here is neither served nor in the OpenAPI document. */
export const createRoutes = (dependencies: RouteDependencies): readonly Route[] => [
  ...createAgencyRoutes(dependencies),
  ...createMerchantAccountRoutes(dependencies),
  ...createWebhookEndpointRoutes(dependencies),
  ...createNoticeRoutes(dependencies),
  ...createCustomerRoutes(dependencies),
  ...createPortalRoutes(dependencies),
  ...createCatalogRoutes(dependencies),
  ...createCatalogSyncRoutes(dependencies),
  ...createOfferRoutes(dependencies),
  ...createSubscriptionRoutes(dependencies),
  ...createTrialRoutes(dependencies),
  ...createLicenceRoutes(dependencies),
  ...createInvoiceRoutes(dependencies),
  ...createUsageRoutes(dependencies),
  ...createUsageViewRoutes(dependencies),
  ...createUsageMeterRoutes(dependencies),
  ...createGateRoutes(dependencies),
  ...createAuditRoutes(dependencies),
  ...createCheckoutRoutes(dependencies),
  ...createCardRoutes(dependencies),
  ...createAutoRefillRoutes(dependencies),
  ...createBalanceRoutes(dependencies),
  ...createExplanationRoutes(dependencies),
  ...createEventRoutes(dependencies),
  ...createTransactionRoutes(dependencies),
  ...createRefundRoutes(dependencies),
  ...createReceiptRoutes(dependencies),
  ...createRevenueRoutes(dependencies),
  ...createReconciliationRoutes(dependencies),
];
