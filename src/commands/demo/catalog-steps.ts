import { z } from 'zod';
import { accountPrice, billingCycles } from '../../catalog/account-price.ts';
import type { NewPlan } from '../../catalog/plan-document.ts';
import { demoPlans } from '../../catalog/plans-file.ts';
import { Money } from '../../money/money.ts';
import { catalogStatus, created, quoteAnswer, syncAnswer } from '../api-answers.ts';
import { until } from '../until.ts';
import { check, type Step, WrongOutcome, written } from './step.ts';
import { usd, type World } from './world.ts';

const productSchema = z.looseObject({ id: z.string(), name: z.string(), active: z.boolean() });
const priceSchema = z.looseObject({
  id: z.string(),
  currency: z.string(),
  unit_amount: z.int(),
  active: z.boolean(),
  lookup_key: z.string().nullable(),
});
const pricesSchema = z.object({ data: z.array(priceSchema) });

interface PublishedPlan {
  readonly id: string;
  readonly plan: NewPlan;
}

const publishedPlans = new WeakMap<World, readonly PublishedPlan[]>();

/** What the provider itself has of a plan. */
async function remoteOf(world: World, planId: string) {
  const product = await world.sandbox.provider(`/v1/products/baisa_${planId}`, productSchema);
  const { data } = await world.sandbox.provider(`/v1/prices?limit=100&product=baisa_${planId}`, pricesSchema);
  return { product, prices: data };
}

const remoteCatalog = (world: World) =>
  Promise.all((publishedPlans.get(world) ?? []).map(({ id }) => remoteOf(world, id)));

/** The terms of the account that sells, as a quote states them. */
async function termsOf(world: World) {
  const body = { customerId: world.customerId, amount: usd('5.00') };
  const { charged, rate } = await world.agency.send('POST', '/v1/quotes', quoteAnswer, { body });
  const currency = charged.currency.code;
  return { chargeCurrency: currency, effectiveCurrency: currency, usdRate: rate };
}

const plansOf = (lines: readonly { readonly planId: string }[]): number =>
  new Set(lines.map(({ planId }) => planId)).size;

export const catalogSteps: readonly Step[] = [
  {
    name: 'catalog.published',
    title: 'The agency’s plans are published and every one is in sync',
    run: async (world) => {
      const published: PublishedPlan[] = [];
      for (const plan of await demoPlans()) {
        // With the platform's key, for only the platform may set a revenue share.
        const body = { ...plan, agencyId: world.agencyId };
        const { id } = await world.platform.send('POST', '/v1/plans', created, { body });
        published.push({ id, plan });
      }
      publishedPlans.set(world, published);
      const status = await until(
        `${published.length} plans that are in_sync in every account`,
        () => world.agency.all('/v1/catalog/status', catalogStatus),
        (lines) => plansOf(lines) === published.length && lines.every((line) => line.status === 'in_sync'),
      );
      return `${plansOf(status)} plans, ${status.length / plansOf(status)} accounts: ${published.map(({ plan }) => plan.displayName).join(', ')}`;
    },
  },
  {
    name: 'catalog.at_provider',
    title: 'Stripe’s own API has their products, and prices in the currency that is charged',
    run: async (world) => {
      const terms = await termsOf(world);
      const shown: string[] = [];
      for (const { id, plan } of publishedPlans.get(world) ?? []) {
        const { product, prices } = await remoteOf(world, id);
        check(`the product of ${plan.name}`, [product.name, product.active], [plan.displayName, true]);
        for (const cycle of billingCycles) {
          const asked = plan.cycles[cycle];
          const live = prices.filter(({ active, lookup_key: key }) => active && key === `baisa:${id}:base:${cycle}`);
          if (asked === undefined) {
            check(`prices of ${plan.name} for a cycle that it does not have (${cycle})`, live.length, 0);
            continue;
          }
          const amount = accountPrice(Money.of(asked, plan.currency), plan.tax, terms)?.amount;
          if (!amount) throw new WrongOutcome(`a rate for ${plan.name}`, terms.effectiveCurrency, plan.currency);
          const found = live.map(({ unit_amount: minor, currency }) =>
            Money.ofMinorUnits(minor, currency.toUpperCase()),
          );
          check(`the ${cycle} price of ${plan.name}`, found, [amount]);
          if (cycle === 'monthly')
            shown.push(`${plan.displayName} ${written(Money.of(asked, plan.currency))} → ${written(amount)}`);
        }
      }
      return shown.join(', ');
    },
  },
  {
    name: 'catalog.converged',
    title: 'A second sync makes no writes',
    run: async (world) => {
      const before = await remoteCatalog(world);
      const { operations } = await world.agency.send('POST', '/v1/catalog/sync', syncAnswer, { body: {} });
      check('the operations of a second sync', operations, []);
      check('what the provider has after it', await remoteCatalog(world), before);
      return 'no operation, and nothing changed at the provider';
    },
  },
];
