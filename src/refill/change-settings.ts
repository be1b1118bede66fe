import { checkoutOf, convertTopUp } from '../checkout/quote-top-up.ts';
import { inTransaction } from '../database/database.ts';
import { AppError, invalidField } from '../errors.ts';
import { balanceCurrency } from '../merchant-accounts/merchant-account.ts';
import { Money } from '../money/money.ts';
import { recordChange } from '../tenancy/audit.ts';
import type { Scope } from '../tenancy/scope.ts';
import type { RefillSettings } from './decide-refill.ts';
import { enqueueEvaluation, type RefillDependencies } from './dependencies.ts';
import { noteAct } from './money-back.store.ts';
import { type ClientKey, closeBreakers, loadSettings, saveSettings } from './refill.store.ts';

/** A balance nobody lets fall so far by intention: more is a slip of the keyboard, and would refill at once. */
const thresholdMax = Money.of('10000', balanceCurrency);

/** Decimals of money that moves outside usage. */
const decimalsMax = 2;

const written = (settings: RefillSettings): Readonly<Record<string, unknown>> => ({
  enabled: settings.enabled,
  threshold: settings.threshold.toJSON(),
  amount: settings.amount.toJSON(),
  monthlyLimit: settings.monthlyLimit?.toJSON() ?? null,
});

/**
 * Stores what a client wants refilled, and looks at once whether a refill is due. Throws 422: `balance_currency`,
 * `too_many_decimals`, `threshold_negative`, `threshold_too_high`, `amount_not_positive`, `amount_below_minimum` and
 * `amount_above_maximum` (of the account that would be charged), `limit_below_amount`, and `no_verified_default_card` for switching
 * on without a card that can be charged.
 */
export async function changeRefillSettings(
  dependencies: RefillDependencies,
  scope: Scope,
  client: ClientKey,
  settings: RefillSettings,
): Promise<void> {
  const { database, clock, providers, merchantAccounts, findDefaultCard, lockCards } = dependencies;
  refuseWrongAmounts(settings);
  const found = await findDefaultCard(database.pool, client);
  const account = found
    ? await merchantAccounts.byId(found.merchantAccountId)
    : await merchantAccounts.forNewCheckout(client.agencyId);
  // What one refill may be is what one top-up may be.
  if (account) convertTopUp(account, checkoutOf(providers, account), settings.amount);

  await inTransaction(database.pool, async (sql) => {
    // Before the settings, as a removal has it: the card that is needed from now on is not removed meanwhile.
    await lockCards(sql, client);
    const before = await loadSettings(sql, client, 'lock');
    const card = await findDefaultCard(sql, client);
    if (settings.enabled && !card?.verified) {
      throw new AppError(
        422,
        'no_verified_default_card',
        'Auto-refill charges the default card: add a card, and let its verification finish.',
        [{ path: 'enabled', message: 'There is no verified default card.' }],
      );
    }
    const now = clock.now();
    await saveSettings(sql, client, settings, now);
    await recordChange(sql, clock, scope, {
      agencyId: client.agencyId,
      action: 'auto_refill.changed',
      subject: client.customerId,
      before: before && written(before),
      after: written(settings),
    });
    await enqueueEvaluation(dependencies, sql, client);
  });
}

function refuseWrongAmounts({ threshold, amount, monthlyLimit }: RefillSettings): void {
  for (const [path, money] of [
    ['threshold', threshold],
    ['amount', amount],
    ['monthlyLimit', monthlyLimit],
  ] as const) {
    if (money === null) continue;
    if (money.currency.code !== balanceCurrency) {
      throw invalidField(`${path}.currency`, 'balance_currency', `A balance is kept in ${balanceCurrency}.`);
    }
    if (money.decimalPlaces > decimalsMax) {
      throw invalidField(`${path}.amount`, 'too_many_decimals', 'Give at most two decimals.');
    }
  }
  if (threshold.isNegative) {
    throw invalidField('threshold.amount', 'threshold_negative', 'The threshold must be 0 or more.');
  }
  if (threshold.compare(thresholdMax) > 0) {
    throw invalidField('threshold.amount', 'threshold_too_high', `The threshold can be at most ${thresholdMax}.`);
  }
  if (monthlyLimit !== null && monthlyLimit.compare(amount) < 0) {
    throw invalidField(
      'monthlyLimit.amount',
      'limit_below_amount',
      'The monthly limit is below one refill, so that no refill could ever be made.',
    );
  }
}

/** Closes the breakers of a client's cards, by a person who knows better, and looks whether a refill is due. */
export async function resetBreakers(dependencies: RefillDependencies, scope: Scope, client: ClientKey): Promise<void> {
  const { database, clock } = dependencies;
  await inTransaction(database.pool, async (sql) => {
    const now = clock.now();
    // Settings first, as a change of them has it.
    await noteAct(sql, client, now);
    // Then, as whoever settles a payment has it: two that want each other's rows would wait for ever.
    await enqueueEvaluation(dependencies, sql, client);
    const closed = await closeBreakers(sql, [client], now);
    if (closed.length === 0) return;
    await recordChange(sql, clock, scope, {
      agencyId: client.agencyId,
      action: 'auto_refill.reset',
      subject: client.customerId,
      before: null,
      after: { breakers: 'closed' },
    });
  });
}
