import type { CatalogPort } from '../../../src/providers/port.ts';
import type {
  CardSubscriptionsPort,
  InvoicesPort,
  NewSubscriptionRequest,
  ProviderSubscription,
  SchedulesPort,
  SubscriptionLine,
  SubscriptionsPort,
} from '../../../src/providers/subscription-ports.ts';
import { type Cardholder, makeCardholder } from './cardholders.ts';
import { type ContractRun, need } from './contract-run.ts';

/** What the tests of subscriptions and of invoices do alike. */
export function subscriberTools(run: () => ContractRun) {
  const subscriptions = (): SubscriptionsPort & CardSubscriptionsPort & SchedulesPort => {
    const { provider } = run().subject;
    return {
      ...need(provider.subscriptions, 'subscriptions'),
      ...need(provider.cardSubscriptions, 'subscriptions by card'),
      ...need(provider.schedules, 'schedules'),
    };
  };
  const invoices = (): InvoicesPort => need(run().subject.provider.invoices, 'invoices');
  const catalog = (): CatalogPort => need(run().subject.provider.catalog, 'catalog');

  /** A price by the month of a product of its own. */
  const makePrice = async (amount: string, cycle: 'monthly' | 'yearly' = 'monthly'): Promise<string> => {
    const product = { id: run().name('product'), name: 'Gold', description: null, active: true, metadata: {} };
    await catalog().createProduct(run().account, product, run().once());
    run().undoLater(() => catalog().updateProduct(run().account, product.id, { active: false }, run().once()));
    const spec = {
      usage: 'licensed',
      productId: product.id,
      lookupKey: run().name('lookup'),
      amount: run().money(amount),
      cycle,
      taxBehavior: 'unspecified',
      metadata: {},
    } as const;
    return (await catalog().createPrice(run().account, spec, run().once())).id;
  };

  const makeTaxRate = async (percentage: string, inclusive: boolean): Promise<string> => {
    const taxRates = need(catalog().taxRates, 'tax rates');
    const spec = {
      ...{ displayName: 'GST', percentage, inclusive, country: null },
      metadata: { baisa_fingerprint: run().name('tax') },
    };
    const { id } = await taxRates.create(run().account, spec, run().once());
    run().undoLater(() => taxRates.update(run().account, id, { active: false }, run().once()));
    return id;
  };

  const lineOf = (
    priceId: string,
    quantity: number | null = 1,
    taxRateIds: readonly string[] = [],
  ): SubscriptionLine => ({
    ...{ priceId, quantity, taxRateIds },
  });

  const requestOf = (cardholder: Cardholder, lines: readonly SubscriptionLine[]): NewSubscriptionRequest => ({
    subscriptionId: run().name('subscription'),
    metadata: { baisa_customer: 'client_contract' },
    ...cardholder,
    lines,
    trialDays: null,
    applicationFeePercent: null,
  });

  const create = async (request: NewSubscriptionRequest, options = run().once()): Promise<ProviderSubscription> => {
    const made = await subscriptions().create(run().account, request, options);
    run().undoLater(() => subscriptions().cancel(run().account, made.id, run().once()));
    return made;
  };

  const retrieve = (id: string): Promise<ProviderSubscription> => subscriptions().retrieve(run().account, id);

  /** A client on one price, paid by its card. */
  const subscribe = async (amount = '20.00'): Promise<ProviderSubscription> =>
    create(requestOf(await makeCardholder(run()), [lineOf(await makePrice(amount))]));

  return { subscriptions, invoices, makePrice, makeTaxRate, lineOf, requestOf, create, retrieve, subscribe };
}
