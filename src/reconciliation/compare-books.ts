import type { Database } from '../database/database.ts';
import { providerArrivals } from '../ledger/provider-arrivals.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import type { Money } from '../money/money.ts';
import { metadataKeys } from '../providers/metadata.ts';
import type { PaymentProvider } from '../providers/port.ts';
import type { BalanceEntry, BalanceEntryKind, BalancePort } from '../providers/refund-ports.ts';
import type { Refreshed, RefreshPayment } from '../refunds/refresh-payment.ts';
import { bookedUnder, referencesOf } from './booked-lines.ts';
import type { Explanation, Finding } from './finding.ts';
import { settledOf } from './reconciliation.sql.ts';
import { type CurrencySums, Sums } from './sums.ts';

export interface CompareDependencies {
  readonly database: Pick<Database, 'pool'>;
  readonly refreshPayment: RefreshPayment;
  /** Reads what credited payments brought to balances, as far as it is due. */
  readonly followPayments: () => Promise<void>;
  readonly onFound: (findings: readonly Finding[]) => Promise<void>;
  /** Told of subjects that are in order. */
  readonly onInOrder: (account: MerchantAccount, subjects: readonly string[]) => Promise<void>;
}

export interface Comparison {
  readonly account: MerchantAccount;
  readonly provider: PaymentProvider;
  readonly balance: BalancePort;
  readonly since: Date;
  readonly source: string;
  /** Whether what is missing or differs is raised: not while events that may explain it are still to come. */
  readonly raises: boolean;
}

/** What one walk through an account's lines came to. */
export interface Compared {
  readonly sums: readonly CurrencySums[];
  /** Whether everything was in order: else another walk tells how the books stand after the repairs. */
  readonly isInOrder: boolean;
}

/** Lines that are of no payment of an account, and what they explain. */
const explained: Readonly<Partial<Record<BalanceEntryKind, Explanation>>> = {
  application_fee: 'application_fees',
  application_fee_return: 'application_fees',
  payout: 'payouts',
  other: 'provider',
};

/** What came of asking for a payment that is one of ours. */
const namesUs: ReadonlySet<Refreshed['status']> = new Set(['done', 'not_received', 'renewal']);

const missingClassOf = ({ kind }: BalanceEntry): Finding['class'] =>
  kind === 'payment' ? 'missing_credit' : 'missing_reversal';

/**
 * Walks an account's own lines from the newest to the oldest, a page at a time, and compares each with what was posted under its name. What is
 * missing is asked for and booked; what differs is raised. Throws `ProviderError` where the provider does not answer.
 */
export async function compareBooks(dependencies: CompareDependencies, comparison: Comparison): Promise<Compared> {
  const { account, balance, since } = comparison;
  const sums = new Sums();
  let after: string | null = null;
  let isInOrder = true;
  do {
    const page = await balance.listEntries(accountRefOf(account), { since, after });
    const walked = new PageWalk(dependencies, comparison, page.rows);
    isInOrder = (await walked.run(sums)) && isInOrder;
    after = page.next;
  } while (after !== null);
  return { sums: sums.all(), isInOrder };
}

class PageWalk {
  readonly #dependencies: CompareDependencies;
  readonly #comparison: Comparison;
  readonly #entries: readonly BalanceEntry[];

  /** Of the payments that were asked for: which were credited before, and which are now. */
  #settledBefore: ReadonlySet<string> = new Set();
  #settledAfter: ReadonlySet<string> = new Set();

  constructor(dependencies: CompareDependencies, comparison: Comparison, entries: readonly BalanceEntry[]) {
    this.#dependencies = dependencies;
    this.#comparison = comparison;
    this.#entries = entries;
  }

  /** Answers whether everything was in order. */
  async run(sums: Sums): Promise<boolean> {
    const before = await this.#booked();
    const missing = this.#entries.filter((entry) => this.#isOfPayment(entry) && !this.#isBooked(before, entry));
    const refreshed = await this.#refresh(missing);
    const booked = missing.length === 0 ? before : await this.#booked();
    const findings: Finding[] = [];
    const inOrder: string[] = [];
    for (const entry of this.#entries) {
      const ours = this.#sumOf(booked, entry);
      sums.add(entry.settled.net, ours);
      const difference = entry.settled.net.minus(ours);
      const reason = explained[entry.kind];
      if (reason) sums.explain(reason, difference);
      else if (!this.#isBooked(booked, entry)) this.#explainMissing(sums, findings, refreshed, entry);
      else if (difference.isZero) {
        if (missing.includes(entry)) findings.push(this.#repairOf(entry));
        else inOrder.push(entry.id);
      } else {
        sums.explain('raised', difference);
        findings.push(this.#finding('amount_differs', entry, 'raised', { books: ours.toString() }));
      }
    }
    await this.#dependencies.onInOrder(this.#comparison.account, inOrder);
    await this.#dependencies.onFound(findings.filter(({ status }) => status === 'repaired' || this.#comparison.raises));
    return findings.length === 0;
  }

  #isOfPayment({ kind }: BalanceEntry): boolean {
    return explained[kind] === undefined;
  }

  #referencesOf(entry: BalanceEntry): readonly string[] {
    return referencesOf(this.#comparison.account, entry);
  }

  async #booked(): Promise<ReadonlyMap<string, string>> {
    const references = this.#entries.flatMap((entry) => (this.#isOfPayment(entry) ? this.#referencesOf(entry) : []));
    return providerArrivals(this.#dependencies.database.pool, this.#comparison.account.agencyId, references);
  }

  /** What moved nothing is not posted. */
  #isBooked(booked: ReadonlyMap<string, string>, entry: BalanceEntry): boolean {
    return entry.settled.net.isZero || this.#referencesOf(entry).some((reference) => booked.has(reference));
  }

  #sumOf(booked: ReadonlyMap<string, string>, entry: BalanceEntry): Money {
    const references = this.#isOfPayment(entry) ? this.#referencesOf(entry) : [];
    return bookedUnder(booked, references, entry.settled.net.currency.code);
  }

  /** Payment -> what came of asking for it. */
  async #refresh(missing: readonly BalanceEntry[]): Promise<ReadonlyMap<string, Refreshed>> {
    const { account, source } = this.#comparison;
    const payments = new Set(missing.flatMap(({ paymentId }) => paymentId ?? []));
    const before = await this.#settled([...payments]);
    const refreshed = new Map<string, Refreshed>();
    for (const paymentId of payments) {
      refreshed.set(paymentId, await this.#dependencies.refreshPayment({ account, paymentId, source }));
    }
    if (payments.size > 0) await this.#dependencies.followPayments();
    this.#settledBefore = before;
    this.#settledAfter = await this.#settled([...payments]);
    return refreshed;
  }

  async #settled(paymentIds: readonly string[]): Promise<ReadonlySet<string>> {
    const { provider, providerAccountId } = this.#comparison.account;
    const { rows } = await this.#dependencies.database.pool.query<{ payment_id: string }>(settledOf, [
      provider,
      providerAccountId,
      paymentIds,
    ]);
    return new Set(rows.map(({ payment_id: id }) => id));
  }

  #repairOf(entry: BalanceEntry): Finding {
    const wasCredited = entry.kind === 'payment' && this.#settledBefore.has(entry.paymentId ?? '');
    return this.#finding(wasCredited ? 'unread_arrival' : missingClassOf(entry), entry, 'repaired', {});
  }

  /** A payment that is credited and not read yet is the follower's, which tells a person itself of one that it cannot read. */
  #explainMissing(
    sums: Sums,
    findings: Finding[],
    refreshed: ReadonlyMap<string, Refreshed>,
    entry: BalanceEntry,
  ): void {
    const { net } = entry.settled;
    const came = refreshed.get(entry.paymentId ?? '');
    if (entry.kind === 'payment' && this.#settledAfter.has(entry.paymentId ?? '')) sums.explain('under_way', net);
    else if (came?.status === 'refused') {
      sums.explain('raised', net);
      findings.push(this.#finding('unknown_payment', entry, 'raised', { reason: came.reason }));
    } else if (namesUs.has(came?.status ?? 'foreign') || metadataKeys.order in entry.metadata) {
      sums.explain('raised', net);
      findings.push(this.#finding('unknown_payment', entry, 'raised', { reason: 'it could not be booked' }));
    } else sums.explain('foreign', net);
  }

  #finding(
    name: Finding['class'],
    entry: BalanceEntry,
    status: Finding['status'],
    detail: Readonly<Record<string, string>>,
  ): Finding {
    return {
      merchantAccountId: this.#comparison.account.id,
      class: name,
      subject: entry.id,
      status,
      detail: {
        ...detail,
        kind: entry.kind,
        provider: entry.settled.net.toString(),
        ...(entry.paymentId === null ? {} : { paymentId: entry.paymentId }),
      },
    };
  }
}
