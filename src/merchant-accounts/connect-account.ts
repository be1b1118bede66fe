import { inTransaction } from '../database/database.ts';
import { AppError, conflict, notFound } from '../errors.ts';
import { idOfRequest, newId } from '../ids.ts';
import { ProviderError } from '../providers/errors.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { runOperation } from '../providers/operation.ts';
import type { ProviderAccount, ProviderName } from '../providers/port.ts';
import { recordChange } from '../tenancy/audit.ts';
import { findAgency } from '../tenancy/find-agencies.ts';
import type { Scope } from '../tenancy/scope.ts';
import { completeTerms, refuseRateOfAgency, termsOfAccount, type WantedTerms } from './account-terms.ts';
import { changeTerms } from './change-account.ts';
import { connectWithKey } from './connect-with-key.ts';
import { applyWanted, connectedOf, hasAnother, lockConnecting, wantsOtherTerms } from './connecting.ts';
import type { GivenCredentials } from './credentials.ts';
import { type AccountDependencies, connectOf } from './dependencies.ts';
import { clearOperatorsEnd, insertAccount } from './merchant-account.store.ts';
import type { MerchantAccount } from './merchant-account.ts';
import { mirrorAccount } from './mirror-account.ts';

export interface ConnectRequest extends WantedTerms {
  readonly agencyId: string;
  readonly provider: ProviderName;
  /** ISO 3166; the agency's own where it is left out. */
  readonly country?: string | undefined;
  /** An account that was connected before, to be taken up again. */
  readonly providerAccountId?: string | undefined;
  /** A key of the agency's own, in place of an account under the platform's. */
  readonly credentials?: (GivenCredentials & { readonly apiKey: string }) | undefined;
  readonly requestId: string | undefined;
}

export interface Connected {
  readonly account: MerchantAccount;
  /** False where it was there already. */
  readonly made: boolean;
}

/**
 * Connects an account of an agency. A new one is made at the provider under a key that is stored before the call, so that a crash or a
 * lost answer leaves one account; while one is not ready yet, that one is answered again. An account that is named is taken up again
 * under its old id, with its history (RULES 33).
 *
 * Throws 404 for an agency that is not there for the scope, and for a named account that is not this agency's to name; 409
 * `platform_agency`, `agency_disabled`, `merchant_account_exists` while one takes payments, `merchant_account_taken` for an account
 * of another agency; 403 `platform_only` and 422 for terms that cannot be.
 */
export async function connectAccount(
  dependencies: AccountDependencies,
  scope: Scope,
  request: ConnectRequest,
): Promise<Connected> {
  const { clock, database } = dependencies;
  const agency = await findAgency({ prisma: database.prisma, clock }, scope, request.agencyId);
  if (agency.isPlatform) {
    throw conflict('platform_agency', 'The platform sells on the account of its own key, which settings name.');
  }
  if (agency.disabled) throw conflict('agency_disabled', 'This agency is disabled.');
  connectOf(dependencies.providers, request.provider);
  refuseRateOfAgency(scope, request);

  const current = await connectedOf(dependencies, database.pool, agency.id, request.provider);
  if (request.credentials) {
    return connectWithKey(dependencies, scope, {
      ...request,
      agencyId: agency.id,
      credentials: request.credentials,
      current,
    });
  }
  if (current) refuseBesideActive(current);
  if (request.providerAccountId !== undefined && request.providerAccountId !== current?.providerAccountId) {
    if (current) throw hasAnother();
    return resume(dependencies, scope, agency.id, { ...request, providerAccountId: request.providerAccountId });
  }
  if (current) return continueWith(dependencies, scope, current, request);
  return make(dependencies, scope, request, agency);
}

/** An account that is not finished yet is answered again, on the terms that are wanted now. */
async function continueWith(
  dependencies: AccountDependencies,
  scope: Scope,
  account: MerchantAccount,
  wanted: WantedTerms,
): Promise<Connected> {
  if (!wantsOtherTerms(account, wanted)) return { account, made: false };
  return {
    account: await changeTerms(dependencies, scope, { ...account, accountId: account.id }, wanted),
    made: false,
  };
}

function refuseBesideActive({ status }: MerchantAccount): void {
  if (status !== 'active') return;
  throw conflict('merchant_account_exists', 'The agency has an account that takes payments: disconnect it first.');
}

interface Intent {
  readonly id: string;
  readonly country: string;
  readonly chargeCurrency: string;
  readonly usdRate: string;
}

async function make(
  dependencies: AccountDependencies,
  scope: Scope,
  request: ConnectRequest,
  agency: { readonly id: string; readonly name: string; readonly email: string; readonly country: string },
): Promise<Connected> {
  const { providers, operations, clock } = dependencies;
  const { connect } = connectOf(providers, request.provider);
  const terms = completeTerms(request, [dependencies.defaultTerms]);
  const begun = await intend(dependencies, {
    ...terms,
    agencyId: agency.id,
    provider: request.provider,
    id: request.requestId === undefined ? newId('merchantAccount') : idOfRequest('merchantAccount', request.requestId),
    country: request.country ?? agency.country,
    now: clock.now(),
  });
  if ('account' in begun) {
    refuseBesideActive(begun.account);
    return continueWith(dependencies, scope, begun.account, request);
  }
  const { intent } = begun;
  const wanted = {
    merchantAccountId: intent.id,
    agencyId: agency.id,
    name: agency.name,
    email: agency.email,
    country: intent.country,
  };
  const readAt = clock.now();
  const found = await orForget(dependencies, { agencyId: agency.id, provider: request.provider, intent }, () =>
    runOperation(operations, {
      id: `merchant_account:${intent.id}`,
      // Not the name or e-mail: they may change before a lost call is repeated, and the account stays the same.
      request: { merchantAccountId: intent.id, country: intent.country },
      call: (idempotencyKey) => connect.create(wanted, { idempotencyKey }),
      lookUp: () => connect.find(intent.id),
    }),
  );
  const account = await store(dependencies, scope, {
    agencyId: agency.id,
    provider: request.provider,
    intent,
    found,
    readAt,
    wanted: request,
  });
  return { account, made: true };
}

/** What the provider refuses for good (a country it does not serve) must not be what every later request goes on with. */
async function orForget(
  { database }: AccountDependencies,
  { agencyId, provider, intent }: Pick<MadeAccount, 'agencyId' | 'provider' | 'intent'>,
  ask: () => Promise<ProviderAccount>,
): Promise<ProviderAccount> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind !== 'invalid') throw error;
    await database.pool.query(
      'DELETE FROM merchant_account_intents WHERE agency_id = $1 AND provider = $2 AND id = $3',
      [agencyId, provider, intent.id],
    );
    throw new AppError(422, 'account_refused', `The payment provider makes no such account. ${error.message}`);
  }
}

/**
 * The one account that an agency is to get: of two requests at once the first says what it is. One that another request has finished
 * since this one looked is the answer itself.
 */
function intend(
  dependencies: Pick<AccountDependencies, 'database' | 'merchantAccounts'>,
  wanted: Intent & { readonly agencyId: string; readonly provider: ProviderName; readonly now: Date },
): Promise<{ readonly intent: Intent } | { readonly account: MerchantAccount }> {
  const { agencyId, provider } = wanted;
  return inTransaction(dependencies.database.pool, async (sql) => {
    await lockConnecting(sql, agencyId, provider);
    const account = await connectedOf(dependencies, sql, agencyId, provider);
    if (account) return { account };
    const { rows } = await sql.query<Intent>(
      // What is there stays as it is, and is answered.
      `INSERT INTO merchant_account_intents (agency_id, provider, id, country, charge_currency, usd_rate, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (agency_id, provider) DO UPDATE SET id = merchant_account_intents.id
       RETURNING id, country, charge_currency AS "chargeCurrency", usd_rate::text AS "usdRate"`,
      [agencyId, provider, wanted.id, wanted.country, wanted.chargeCurrency, wanted.usdRate, wanted.now],
    );
    const [intent] = rows;
    if (!intent) throw new Error(`the intent of an account of ${agencyId} was stored and is not there`);
    return { intent };
  });
}

interface MadeAccount {
  readonly agencyId: string;
  readonly provider: ProviderName;
  readonly intent: Intent;
  readonly found: ProviderAccount;
  readonly readAt: Date;
  /** What this request wants: the intent may be of an earlier one. */
  readonly wanted: WantedTerms;
}

async function store(
  dependencies: AccountDependencies,
  scope: Scope,
  { agencyId, provider, intent, found, readAt, wanted }: MadeAccount,
): Promise<MerchantAccount> {
  const { database, clock, listeners, merchantAccounts } = dependencies;
  return inTransaction(database.pool, async (sql) => {
    const { id, chargeCurrency, usdRate } = intent;
    await lockConnecting(sql, agencyId, provider);
    const other = await connectedOf({ merchantAccounts }, sql, agencyId, provider);
    // The intent stays: what was made is stored when the agency wants an account again.
    if (other && other.providerAccountId !== found.id) throw hasAnother();
    await insertAccount(sql, { agencyId, id, provider, found, chargeCurrency, usdRate, now: clock.now() });
    await sql.query('DELETE FROM merchant_account_intents WHERE agency_id = $1 AND provider = $2 AND id = $3', [
      agencyId,
      provider,
      id,
    ]);
    const mirror = { clock, read: merchantAccounts.read, listeners };
    const reading = { provider, providerAccountId: found.id, found, readAt, source: 'connect' };
    const account = await mirrorAccount(mirror, sql, reading);
    if (!account) throw new Error(`account ${id} was stored and is not there`);
    await recordChange(sql, clock, scope, {
      agencyId,
      action: 'merchant_account.connected',
      subject: id,
      before: null,
      after: { provider, providerAccountId: found.id, country: found.country, chargeCurrency, usdRate },
    });
    return applyWanted(dependencies, sql, scope, account, wanted);
  });
}

const notThere = () => notFound('account at the provider that this agency may connect');

async function resume(
  dependencies: AccountDependencies,
  scope: Scope,
  agencyId: string,
  { provider, providerAccountId, ...wanted }: ConnectRequest & { readonly providerAccountId: string },
): Promise<Connected> {
  const { database, clock, merchantAccounts, providers, listeners, defaultTerms } = dependencies;
  const known = await merchantAccounts.byProviderAccount(provider, providerAccountId);
  if (known && known.agencyId !== agencyId) {
    const message = 'This account is connected to another agency.';
    await recordChange(database.pool, clock, scope, {
      agencyId,
      action: 'merchant_account.refused',
      subject: agencyId,
      before: null,
      after: { provider, providerAccountId, code: 'merchant_account_taken' },
    });
    throw conflict('merchant_account_taken', message);
  }
  const readAt = clock.now();
  const found = await connectOf(providers, provider).provider.accounts.retrieve(providerAccountId);
  if (!found) throw notThere();
  // An id is no secret: one that we do not know yet must say itself whose it is, unless the platform says so.
  if (!known && scope.role !== 'platform' && found.metadata[metadataKeys.agency] !== agencyId) throw notThere();

  const account = await inTransaction(database.pool, async (sql) => {
    const terms = completeTerms(wanted, known ? [...termsOfAccount(known), defaultTerms] : [defaultTerms]);
    const id = known?.id ?? newId('merchantAccount');
    await lockConnecting(sql, agencyId, provider);
    const other = await connectedOf(dependencies, sql, agencyId, provider);
    if (other && other.providerAccountId !== providerAccountId) throw hasAnother();
    if (known) await clearOperatorsEnd(sql, known, clock.now());
    else await insertAccount(sql, { ...terms, agencyId, id, provider, found, now: clock.now() });
    const mirror = { clock, read: merchantAccounts.read, listeners };
    const reading = { provider, providerAccountId, found, readAt, source: 'connect' };
    const mirrored = await mirrorAccount(mirror, sql, reading);
    if (!mirrored) throw new Error(`account ${id} was stored and is not there`);
    await recordChange(sql, clock, scope, {
      agencyId,
      action: 'merchant_account.connected',
      subject: id,
      before: known && { status: known.status },
      after: { provider, providerAccountId, status: mirrored.status },
    });
    return applyWanted(dependencies, sql, scope, mirrored, wanted);
  });
  return { account, made: known === null };
}
