import { z } from 'zod';
import { versionDocumentSchema } from '../catalog/plan-document.ts';
import { orderTermsOf } from '../checkout/order-terms.ts';
import type { Clock } from '../clock.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';
import { AppError, conflict, notFound } from '../errors.ts';
import { type Ledger, type PostOutcome, ReferenceConflict } from '../ledger/ledger.ts';
import type { Posting } from '../ledger/posting.ts';
import { oweShareToPlatform, receiveInvoice } from '../ledger/postings.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { platformBooksAt } from '../revenue/platform-books.ts';
import type { LivePlan } from '../revenue/share.ts';
import { actorOf, recordChange } from '../tenancy/audit.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type Invoice, lockInvoice, saveInvoicePaid } from './offline-invoice.store.ts';

export interface MarkPaidDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'post'>;
  readonly merchantAccounts: Pick<MerchantAccounts, 'byId'>;
}

const usedBefore = (): AppError => {
  const message = 'This externalReference was used before, for another payment.';
  return new AppError(409, 'reference_conflict', message, [{ path: 'externalReference', message }]);
};

/**
 * An operator says that an invoice of ours was paid outside: it is posted and paid, once. Marked again under the same name or none,
 * it answers as it is. Where its plan shares revenue the agency then owes the platform its part. Throws `AppError` 404 for an invoice
 * that is not there for the scope, 409 `invoice_of_provider` for one that a provider collects, `invoice_paid` for one that was paid under
 * another name, `invoice_void` for one that nobody owes, and `reference_conflict` for a name that another payment has.
 */
export function markInvoicePaid(
  dependencies: MarkPaidDependencies,
  scope: Scope,
  id: string,
  { externalReference }: { readonly externalReference: string | undefined },
): Promise<Invoice> {
  const { database, clock } = dependencies;
  return inTransaction(database.pool, async (sql) => {
    const invoice = await lockInvoice(sql, scope, id);
    if (!invoice) throw notFound('invoice');
    if (invoice.kind === 'provider') {
      throw conflict(
        'invoice_of_provider',
        'The payment provider collects this invoice, and says itself when it is paid.',
      );
    }
    if (invoice.status === 'paid') {
      if (externalReference === undefined || externalReference === invoice.externalReference) return invoice;
      throw conflict('invoice_paid', 'This invoice is paid already, under another name or from the balance.');
    }
    if (invoice.status !== 'open') throw conflict('invoice_void', 'Nobody owes this invoice any more.');

    await postReceipt(dependencies, sql, scope, invoice, externalReference);
    const now = clock.now();
    const paid: Invoice = {
      ...invoice,
      status: 'paid',
      amountPaid: invoice.total,
      externalReference: externalReference ?? null,
      paidAt: now,
    };
    await saveInvoicePaid(sql, paid, now);
    await recordChange(sql, clock, scope, {
      agencyId: invoice.agencyId,
      action: 'invoice.paid',
      subject: id,
      before: { status: invoice.status },
      after: { status: paid.status, amountPaid: paid.amountPaid, externalReference: paid.externalReference },
    });
    return paid;
  });
}

async function postReceipt(
  { ledger, merchantAccounts }: MarkPaidDependencies,
  sql: Sql,
  scope: Scope,
  invoice: Invoice,
  externalReference: string | undefined,
): Promise<void> {
  const { agencyId, customerId, planId, merchantAccountId, total, tax } = invoice;
  // The operator's own names are one space with those of payments onto balances: one transfer pays one thing.
  const reference = externalReference === undefined ? `invoice:${invoice.id}:received` : `manual:${externalReference}`;
  const fact = { agencyId, customerId, planId, merchantAccountId, reference, source: `operator:${actorOf(scope).id}` };
  const [outcome] = await postOnce(ledger, sql, [receiveInvoice({ ...fact, net: total.minus(tax), tax })]);
  // An open invoice was not received yet: what is there under its name is something else.
  if (outcome !== 'posted') throw usedBefore();

  const account = await merchantAccounts.byId(merchantAccountId);
  if (!account) throw new Error(`merchant account ${merchantAccountId} is not there`);
  const { platformShare } = orderTermsOf(await planOf(sql, invoice), agencyId, account, total);
  if (platformShare.isZero) return;
  const platform = await platformBooksAt(sql, account.provider);
  // The platform's books hold the names of all agencies.
  const share = { ...fact, reference: `share:${agencyId}:${reference}`, platform, platformPart: platformShare };
  await ledger.post(sql, oweShareToPlatform(share));
}

async function postOnce(
  ledger: Pick<Ledger, 'post'>,
  sql: Sql,
  postings: readonly Posting[],
): Promise<readonly PostOutcome[]> {
  try {
    return await ledger.post(sql, postings);
  } catch (error) {
    if (error instanceof ReferenceConflict) throw usedBefore();
    throw error;
  }
}

const versionRows = z.array(z.object({ agencyId: z.string(), document: versionDocumentSchema }));

/** The plan that the invoice is for, at its version; a plan's id names it in whosever agency it is. */
async function planOf(sql: Sql, { planId, planVersion }: Invoice): Promise<LivePlan | null> {
  if (planId === null || planVersion === null) return null;
  const { rows } = await sql.query(
    'SELECT agency_id AS "agencyId", document FROM plan_versions WHERE plan_id = $1 AND version = $2',
    [planId, planVersion],
  );
  const [version] = versionRows.parse(rows);
  return version ? { ...version, planId, version: planVersion } : null;
}
