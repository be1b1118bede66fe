import { describe, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type {
  CatalogPort,
  CatalogPrice,
  CatalogPriceSpec,
  CatalogProduct,
  LicensedPriceSpec,
} from '../../../src/providers/port.ts';
import { type ContractRun, need, refusalOf } from './contract-run.ts';

export function describeCatalog(run: () => ContractRun): void {
  const catalog = (): CatalogPort => need(run().subject.provider.catalog, 'catalog');

  const aProduct = (): CatalogProduct => ({
    id: run().name('product'),
    name: 'Gold Tier',
    description: 'For growing teams',
    active: true,
    metadata: { baisa_plan: 'plan_contract' },
  });

  async function makeProduct(): Promise<CatalogProduct> {
    const product = aProduct();
    const made = await catalog().createProduct(run().account, product, run().once());
    run().undoLater(() => catalog().updateProduct(run().account, product.id, { active: false }, run().once()));
    return made;
  }

  const aPrice = (productId: string, change: Partial<LicensedPriceSpec> = {}): LicensedPriceSpec => ({
    usage: 'licensed',
    productId,
    lookupKey: run().name('lookup'),
    amount: run().money('49.00'),
    cycle: 'monthly',
    taxBehavior: 'unspecified',
    metadata: { baisa_version: 'planv_contract' },
    ...change,
  });

  async function makePrice(spec: CatalogPriceSpec, options = run().once()): Promise<CatalogPrice> {
    const made = await catalog().createPrice(run().account, spec, options);
    run().undoLater(() => catalog().archivePrice(run().account, made.id, run().once()));
    return made;
  }

  describe('the catalogue', () => {
    it('has no product that was never made', async () => {
      await expect(catalog().retrieveProduct(run().account, run().name('absent'))).resolves.toBeNull();
    });

    it('keeps a product under the id that we chose', async () => {
      const made = await makeProduct();
      await expect(catalog().retrieveProduct(run().account, made.id)).resolves.toEqual(made);
      expect(made).toMatchObject({ name: 'Gold Tier', description: 'For growing teams', active: true });
      expect(made.metadata).toEqual({ baisa_plan: 'plan_contract' });
    });

    it('answers the existing product when it is created again, under the same key or another', async () => {
      const product = aProduct();
      const options = run().once();
      const first = await catalog().createProduct(run().account, product, options);
      run().undoLater(() => catalog().updateProduct(run().account, product.id, { active: false }, run().once()));
      await expect(catalog().createProduct(run().account, product, options)).resolves.toEqual(first);
      await expect(catalog().createProduct(run().account, product, run().once())).resolves.toEqual(first);
    });

    it('changes a product, and forgets its description', async () => {
      const { id } = await makeProduct();
      const change = { name: 'Gold', description: null, metadata: { baisa_plan: 'plan_other' } };
      await catalog().updateProduct(run().account, id, change, run().once());
      await expect(catalog().retrieveProduct(run().account, id)).resolves.toEqual({ id, active: true, ...change });
    });

    it('makes one price when one key is sent twice', async () => {
      const { id } = await makeProduct();
      const spec = aPrice(id);
      const options = run().once();
      const first = await makePrice(spec, options);
      await expect(catalog().createPrice(run().account, spec, options)).resolves.toMatchObject({ id: first.id });
      await expect(catalog().pricesOfProduct(run().account, id)).resolves.toHaveLength(1);
    });

    it('refuses a key that was used for another request, for ever', async () => {
      const { id } = await makeProduct();
      const spec = aPrice(id);
      const options = run().once();
      await makePrice(spec, options);
      const refusal = await refusalOf(
        catalog().createPrice(run().account, { ...spec, amount: run().money('59.00') }, options),
      );
      expect(refusal.detail).toMatchObject({ kind: 'invalid', stored: true });
    });

    it.each(['monthly', 'quarterly', 'yearly'] as const)('gives a %s price back as it was asked for', async (cycle) => {
      const { id } = await makeProduct();
      const spec = aPrice(id, { cycle, taxBehavior: 'inclusive' });
      const made = await makePrice(spec);
      expect(made).toEqual({ ...spec, id: made.id, active: true, meterId: null, amount: made.amount });
      expect(made.amount.equals(spec.amount)).toBe(true);
      await expect(catalog().pricesOfProduct(run().account, id)).resolves.toEqual([made]);
    });

    it('sells a pack once, without a cycle', async () => {
      const { id } = await makeProduct();
      const { cycle: _, ...terms } = aPrice(id);
      const made = await makePrice({ ...terms, usage: 'one_time' });
      expect(made).toMatchObject({ usage: 'one_time', cycle: null, meterId: null, active: true });
      expect(made.amount.equals(terms.amount)).toBe(true);
      await expect(catalog().pricesOfProduct(run().account, id)).resolves.toEqual([made]);
    });

    it('lists everything of ours, archived too, and nothing that is not', async () => {
      const kept = await makeProduct();
      const archived = await makeProduct();
      await catalog().updateProduct(run().account, archived.id, { active: false }, run().once());
      const foreign = { ...aProduct(), id: run().foreignName('product'), metadata: {} };
      await catalog().createProduct(run().account, foreign, run().once());
      run().undoLater(() => catalog().updateProduct(run().account, foreign.id, { active: false }, run().once()));
      const live = await makePrice(aPrice(kept.id));
      const gone = await makePrice(aPrice(kept.id));
      await catalog().archivePrice(run().account, gone.id, run().once());
      const theirs = await makePrice(aPrice(foreign.id, { lookupKey: run().foreignName('lookup'), metadata: {} }));

      const products = new Map((await catalog().listProducts(run().account)).map((one) => [one.id, one.active]));
      expect([kept, archived, foreign].map(({ id }) => products.get(id))).toEqual([true, false, undefined]);
      const prices = new Map((await catalog().listPrices(run().account)).map((one) => [one.id, one.active]));
      expect([live, gone, theirs].map(({ id }) => prices.get(id))).toEqual([true, false, undefined]);
    });

    it('puts a price back as it was: active, with its lookup key and metadata', async () => {
      const { id } = await makeProduct();
      const spec = aPrice(id);
      const older = await makePrice(spec);
      const newer = await makePrice(spec);
      await catalog().archivePrice(run().account, older.id, run().once());
      const change = { active: true, lookupKey: spec.lookupKey, metadata: { baisa_version: 'planv_other' } };
      await expect(catalog().updatePrice(run().account, older.id, change, run().once())).resolves.toMatchObject(change);
      const prices = await catalog().pricesOfProduct(run().account, id);
      expect(prices.find((price) => price.id === newer.id)).toMatchObject({ active: true, lookupKey: null });
    });

    it('moves a lookup key to the newer price, and keeps the older one', async () => {
      const { id } = await makeProduct();
      const spec = aPrice(id);
      const older = await makePrice(spec);
      const newer = await makePrice({ ...spec, amount: run().money('59.00') });
      const holders = await catalog().pricesByLookupKey(run().account, [spec.lookupKey]);
      expect(holders.map((price) => price.id)).toEqual([newer.id]);
      const prices = await catalog().pricesOfProduct(run().account, id);
      expect(prices.find((price) => price.id === older.id)).toMatchObject({ active: true, lookupKey: null });
    });

    it('keeps an archived price among those of its product', async () => {
      const { id } = await makeProduct();
      const price = await makePrice(aPrice(id));
      await catalog().archivePrice(run().account, price.id, run().once());
      await expect(catalog().archivePrice(run().account, price.id, run().once())).resolves.toMatchObject({
        active: false,
      });
      const prices = await catalog().pricesOfProduct(run().account, id);
      expect(prices.map(({ id: priceId, active }) => [priceId, active])).toEqual([[price.id, false]]);
    });

    it('finds prices by more lookup keys than the provider takes at once', async () => {
      const { id } = await makeProduct();
      const first = await makePrice(aPrice(id));
      const last = await makePrice(aPrice(id));
      const others = Array.from({ length: 12 }, () => run().name('lookup'));
      const keys = [first, ...others, last].map((one) => (typeof one === 'string' ? one : (one.lookupKey ?? '')));
      const found = await catalog().pricesByLookupKey(run().account, keys);
      expect(new Set(found.map((price) => price.id))).toEqual(new Set([first.id, last.id]));
    });

    it('refuses an amount between two chargeable steps instead of rounding it', async () => {
      const { id } = await makeProduct();
      const refusal = await refusalOf(
        catalog().createPrice(run().account, aPrice(id, { amount: Money.of('1.925', 'OMR') }), run().once()),
      );
      expect(refusal.kind).toBe('invalid');
      await expect(catalog().pricesOfProduct(run().account, id)).resolves.toEqual([]);
    });

    it('takes three decimals that can be charged where the account can charge the currency, and refuses them elsewhere', async () => {
      const { id } = await makeProduct();
      const { chargeableCurrencies } = await run().subject.provider.accounts.current();
      const spec = aPrice(id, { amount: Money.of('1.930', 'OMR') });
      if (chargeableCurrencies.includes('OMR')) {
        expect((await makePrice(spec)).amount.toString()).toBe('1.930 OMR');
      } else {
        expect((await refusalOf(makePrice(spec))).kind).toBe('invalid');
      }
    });
  });
}
