import { describe, expect, it } from 'vitest';
import type { CatalogTaxRate, TaxRateSpec, TaxRatesPort } from '../../../src/providers/port.ts';
import { type ContractRun, need, refusalOf } from './contract-run.ts';

export function describeTaxRates(run: () => ContractRun): void {
  const taxRates = (): TaxRatesPort => need(run().subject.provider.catalog?.taxRates, 'tax rates');

  const aTaxRate = (change: Partial<TaxRateSpec> = {}): TaxRateSpec => ({
    displayName: 'GST',
    percentage: '5',
    inclusive: false,
    country: 'OM',
    metadata: { baisa_fingerprint: run().name('tax') },
    ...change,
  });

  async function makeTaxRate(spec = aTaxRate(), options = run().once()): Promise<CatalogTaxRate> {
    const made = await taxRates().create(run().account, spec, options);
    run().undoLater(() => taxRates().update(run().account, made.id, { active: false }, run().once()));
    return made;
  }

  const listed = async (id: string): Promise<CatalogTaxRate | undefined> =>
    (await taxRates().list(run().account)).find((taxRate) => taxRate.id === id);

  describe('tax rates', () => {
    it.each([
      ['5', false],
      ['7.5', true],
      ['8.8875', false],
      ['0', true],
    ])('give %s %% back as it was asked for (inclusive: %s)', async (percentage, inclusive) => {
      const spec = aTaxRate({ percentage, inclusive });
      const made = await makeTaxRate(spec);
      expect(made).toEqual({ ...spec, id: made.id, active: true });
      expect(await listed(made.id)).toEqual(made);
    });

    it('need no country', async () => {
      await expect(makeTaxRate(aTaxRate({ country: null }))).resolves.toMatchObject({ country: null });
    });

    it('are made once when one key is sent twice', async () => {
      const spec = aTaxRate();
      const options = run().once();
      const first = await makeTaxRate(spec, options);
      await expect(taxRates().create(run().account, spec, options)).resolves.toEqual(first);
    });

    it('are archived, renamed and brought back, and listed all the while', async () => {
      const made = await makeTaxRate();
      await taxRates().update(run().account, made.id, { active: false }, run().once());
      expect(await listed(made.id)).toEqual({ ...made, active: false });
      const change = { active: true, displayName: 'VAT', metadata: { baisa_version: '2' } };
      const changed = await taxRates().update(run().account, made.id, change, run().once());
      expect(changed).toEqual({ ...made, ...change, metadata: { ...made.metadata, ...change.metadata } });
      expect(await listed(made.id)).toEqual(changed);
    });

    it('of other people are not listed', async () => {
      const made = await makeTaxRate(aTaxRate({ metadata: { theirs: 'yes' } }));
      expect(await listed(made.id)).toBeUndefined();
    });

    it.each(['-5', '101', '5.12345', '5 %', ''])('of "%s" per cent are refused', async (percentage) => {
      const refusal = await refusalOf(taxRates().create(run().account, aTaxRate({ percentage }), run().once()));
      expect(refusal.kind).toBe('invalid');
    });
  });
}
