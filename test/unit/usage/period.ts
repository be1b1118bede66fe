import { Decimal } from 'decimal.js';
import { Money } from '../../../src/money/money.ts';
import { spansOf } from '../../../src/usage/licences.ts';
import {
  type Batch,
  type Contribution,
  emptyStanding,
  type Figures,
  needsHistory,
  type RatedEvent,
  type RatingTerms,
  rateBatch,
  type Standing,
} from '../../../src/usage/rating.ts';

const start = Date.parse('2026-11-01T00:00:00Z');
export const hour = (hours: number): Date => new Date(start + hours * 3_600_000);
export const decimal = (text: string): Decimal => new Decimal(text);

interface LicenceFact {
  readonly id: string;
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  readonly quantity: Decimal;
}

export const terms = (change: Partial<RatingTerms> = {}): RatingTerms => ({
  included: decimal('100'),
  price: Money.of('0.20', 'USD'),
  tax: null,
  aggregation: 'sum',
  ...change,
});

export const event = (id: string, hours: number, quantity: string, reverses: string | null = null): RatedEvent => ({
  id,
  at: hour(hours),
  quantity: decimal(quantity),
  reverses,
  late: false,
});

export const late = (rated: RatedEvent): RatedEvent => ({ ...rated, late: true });

export const wholePeriod = { from: hour(0), until: hour(720) };

/** A period as the store keeps it: what came, less what was taken back, and what it stands at. */
export class Period {
  readonly #terms: RatingTerms;
  readonly #licences: readonly LicenceFact[];
  readonly #seen = new Set<string>();
  #events: Contribution[] = [];
  #draws: ReadonlyMap<string, Decimal> = new Map();
  standing: Standing = emptyStanding;
  readonly parts: Figures[] = [];

  constructor(terms: RatingTerms, licences: readonly LicenceFact[] = []) {
    this.#terms = terms;
    this.#licences = licences;
  }

  take(delivered: readonly RatedEvent[]): this {
    const events: RatedEvent[] = [];
    for (const each of delivered) {
      if (this.#seen.has(each.id)) continue;
      this.#seen.add(each.id);
      events.push(each);
    }
    const batch = {
      terms: this.#terms,
      standing: this.standing,
      events,
      period: wholePeriod,
      licences: this.#licences.map(({ quantity, ...licence }) => ({
        ...licence,
        left: quantity,
        drawn: this.#draws.get(licence.id) ?? decimal('0'),
      })),
    };
    const history = needsHistory(batch) ? this.#historyOf(batch) : [];
    const { standing, draws, parts } = rateBatch({ ...batch, history });
    this.standing = standing;
    this.#draws = draws;
    this.parts.push(...parts);
    this.#remember(events);
    return this;
  }

  #historyOf({ terms, period, licences }: Pick<Batch, 'terms' | 'period' | 'licences'>): readonly Contribution[] {
    if (terms.aggregation !== 'sum') return this.#events;
    return spansOf(period, licences).map(({ from, until }) => ({
      id: '',
      at: from,
      late: false,
      quantity: this.#events
        .filter(({ at, late }) => !late && from <= at && at < until)
        .reduce((sum, { quantity }) => sum.plus(quantity), decimal('0')),
    }));
  }

  #remember(events: readonly RatedEvent[]): void {
    this.#events.push(...events.filter(({ reverses }) => reverses === null));
    for (const { reverses, quantity } of events) {
      this.#events = this.#events.flatMap((each) => {
        if (each.id !== reverses) return [each];
        const left = each.quantity.plus(quantity);
        return left.isZero() ? [] : [{ ...each, quantity: left }];
      });
    }
  }

  get draws(): Record<string, string> {
    return Object.fromEntries([...this.#draws].map(([id, quantity]) => [id, quantity.toFixed()]));
  }

  get figures() {
    return printed(this.standing);
  }
}

export const printed = ({ free, addOn, overage, net, tax }: Figures) => ({
  free: free.toFixed(),
  addOn: addOn.toFixed(),
  overage: overage.toFixed(),
  net: net.toDecimalString(),
  tax: tax.toDecimalString(),
});
