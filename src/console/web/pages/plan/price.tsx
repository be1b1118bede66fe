import type { Schemas } from '../../api/schema.ts';
import { money } from '../../format.ts';

export const cycleNames = { monthly: 'month', quarterly: 'quarter', yearly: 'year' } as const;
export const cycleList = ['monthly', 'quarterly', 'yearly'] as const;

/** `$49.00 a month, $499.00 a year`. */
export function Price({
  plan: { cycles = {}, currency },
}: {
  readonly plan: Pick<Schemas['Plan'], 'cycles' | 'currency'>;
}) {
  const priced = cycleList.flatMap((cycle) => {
    const amount = cycles[cycle];
    return amount === undefined ? [] : [`${money({ amount, currency })} a ${cycleNames[cycle]}`];
  });
  return priced.length === 0 ? 'By use' : priced.join(', ');
}
