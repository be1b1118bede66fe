import { Decimal } from 'decimal.js';
import type { VersionDocument } from '../catalog/plan-document.ts';
import type { Money } from '../money/money.ts';
import { type Figures, figuresOf } from './rating.ts';
import { termsOf } from './terms.ts';

/** What so much of a feature would come to in one period that began with nothing used. */
export interface CostPreview extends Pick<Figures, 'free' | 'overage' | 'net' | 'tax'> {
  readonly quantity: Decimal;
  readonly cost: Money;
}

export interface FeaturePreview {
  readonly feature: string;
  readonly included: Decimal;
  /** USD per unit beyond; null: nothing more is sold, and service stops at what is included. */
  readonly price: Money | null;
  readonly costs: readonly CostPreview[];
}

/** By the same rating as usage itself. `quantities` are decimal strings, in each feature's own unit. */
export const previewCosts = (document: VersionDocument, quantities: readonly string[]): readonly FeaturePreview[] =>
  document.usage.map(({ feature, included }) => {
    const terms = termsOf(document, { id: feature, aggregation: 'sum' }, included);
    const costs = quantities.map((text): CostPreview => {
      const quantity = new Decimal(text);
      const { free, overage, net, tax } = figuresOf(terms, {
        used: quantity,
        late: new Decimal(0),
        addOn: new Decimal(0),
      });
      return { quantity, free, overage, net, tax, cost: net.plus(tax) };
    });
    return { feature, included: terms.included, price: terms.price, costs };
  });
