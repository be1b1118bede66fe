import { describe, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type {
  CatalogMeter,
  CatalogPort,
  CatalogPrice,
  MeteredPriceSpec,
  MeterSpec,
  MetersPort,
} from '../../../src/providers/port.ts';
import { type ContractRun, need, refusalOf } from './contract-run.ts';

export function describeMeters(run: () => ContractRun): void {
  const catalog = (): CatalogPort => need(run().subject.provider.catalog, 'catalog');
  const meters = (): MetersPort => need(catalog().meters, 'meters');

  const aMeter = (change: Partial<MeterSpec> = {}): MeterSpec => ({
    eventName: run().name('meter'),
    displayName: 'Call minutes',
    aggregation: 'sum',
    ...change,
  });

  async function makeMeter(spec = aMeter(), options = run().once()): Promise<CatalogMeter> {
    const made = await meters().create(run().account, spec, options);
    run().undoLater(() => meters().deactivate(run().account, made.id, run().once()));
    return made;
  }

  const listed = async (id: string): Promise<CatalogMeter | undefined> =>
    (await meters().list(run().account)).find((meter) => meter.id === id);

  describe('meters', () => {
    it.each(['sum', 'last', 'count'] as const)('that take the %s are given back as asked for', async (aggregation) => {
      const spec = aMeter({ aggregation });
      const made = await makeMeter(spec);
      expect(made).toMatchObject({ ...spec, active: true });
      expect(await listed(made.id)).toEqual(made);
    });

    it('exist once for one event name, under the same key or another', async () => {
      const spec = aMeter();
      const options = run().once();
      const first = await makeMeter(spec, options);
      await expect(meters().create(run().account, spec, options)).resolves.toEqual(first);
      await expect(meters().create(run().account, spec, run().once())).resolves.toEqual(first);
      const otherwise = { ...spec, aggregation: 'last' } as const;
      await expect(meters().create(run().account, otherwise, run().once())).resolves.toEqual(first);
    });

    it('change their name', async () => {
      const made = await makeMeter();
      await meters().rename(run().account, made.id, 'Minutes', run().once());
      expect(await listed(made.id)).toEqual({ ...made, displayName: 'Minutes' });
    });

    it('are switched off and on, and stay as they are when they are so already', async () => {
      const made = await makeMeter();
      await expect(meters().reactivate(run().account, made.id, run().once())).resolves.toEqual(made);
      const off = await meters().deactivate(run().account, made.id, run().once());
      expect(off).toEqual({ ...made, active: false });
      await expect(meters().deactivate(run().account, made.id, run().once())).resolves.toEqual(off);
      expect(await listed(made.id)).toEqual(off);
      await expect(meters().reactivate(run().account, made.id, run().once())).resolves.toEqual(made);
    });

    it('of other people are not listed', async () => {
      const made = await makeMeter(aMeter({ eventName: run().foreignName('meter') }));
      expect(await listed(made.id)).toBeUndefined();
    });
  });

  describe('a metered price', () => {
    async function aPrice(change: Partial<MeteredPriceSpec> = {}): Promise<MeteredPriceSpec> {
      const id = run().name('product');
      const product = { id, name: 'Gold', description: null, active: true, metadata: {} };
      await catalog().createProduct(run().account, product, run().once());
      run().undoLater(() => catalog().updateProduct(run().account, id, { active: false }, run().once()));
      return {
        usage: 'metered',
        cycle: 'monthly',
        productId: id,
        lookupKey: run().name('lookup'),
        meterId: change.meterId ?? (await makeMeter()).id,
        amount: run().money('0.05'),
        taxBehavior: 'exclusive',
        metadata: { baisa_version: '1' },
        ...change,
      };
    }

    async function makePrice(spec: MeteredPriceSpec): Promise<CatalogPrice> {
      const made = await catalog().createPrice(run().account, spec, run().once());
      run().undoLater(() => catalog().archivePrice(run().account, made.id, run().once()));
      return made;
    }

    it.each(['0.05', '0.0385', '0.000000000001', '12'])('of %s a unit is given back exactly', async (amount) => {
      const spec = await aPrice({ amount: run().money(amount) });
      const made = await makePrice(spec);
      expect(made).toEqual({ ...spec, id: made.id, active: true, amount: made.amount });
      expect(made.amount.equals(spec.amount)).toBe(true);
      await expect(catalog().pricesOfProduct(run().account, spec.productId)).resolves.toEqual([made]);
    });

    it('finer than twelve decimals of a minor unit is refused instead of rounded', async () => {
      const amount = Money.of('0.0000000000000001', run().subject.currency);
      const refusal = await refusalOf(makePrice(await aPrice({ amount })));
      expect(refusal.kind).toBe('invalid');
    });

    it('needs a meter that is active', async () => {
      const { id: meterId } = await makeMeter();
      await meters().deactivate(run().account, meterId, run().once());
      const spec = await aPrice({ meterId });
      expect((await refusalOf(makePrice(spec))).kind).toBe('invalid');
      await meters().reactivate(run().account, meterId, run().once());
      await expect(makePrice(spec)).resolves.toMatchObject({ meterId });
    });

    it('needs a meter that is there', async () => {
      expect((await refusalOf(makePrice(await aPrice({ meterId: 'mtr_absent' })))).kind).toBe('invalid');
    });
  });
}
