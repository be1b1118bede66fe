import { arrivalReference } from '../checkout/order.ts';
import { isOwedToAgency } from '../checkout/share-postings.ts';
import type { Posting } from '../ledger/posting.ts';
import { type PlatformBooks, receiveShare, settleAtProvider } from '../ledger/postings.ts';
import {
  type Borne,
  failInvoice,
  failTopUp,
  reinstateDispute,
  releaseRefund,
  reserveRefund,
  returnOwedShare,
  returnRefund,
  returnShare,
  settleRefund,
  type Taking,
  withdrawDispute,
} from '../ledger/reversal-postings.ts';
import { Money } from '../money/money.ts';
import type { ProviderArrival } from '../providers/port.ts';
import type {
  BalanceMovement,
  ProviderDispute,
  ProviderFeeReturn,
  ProviderLateFailure,
} from '../providers/refund-ports.ts';
import { reinstatementOf, withdrawalOf } from './dispute-amounts.ts';
import { pairFees } from './fee-pairs.ts';
import { creditedOf } from './refund-amounts.ts';
import { type BooksOf, type Reversal, type ReversalKind, type StoredRefund, takenBy } from './reversal.ts';
import { borneByBalance, borneBySale, exactOf, isTopUp, paidOf, platformPartOf } from './reversed-order.ts';
import { type BothSides, minus, plus, splitOfReturn, splitOfTaking, type TakenSides } from './taken-back.ts';

/**
 * One payment, and all that went back of it: what is held already, and what a new fact adds. Pure; what it decided is read from `added` and
 * `postings`. Each step is taken once: a step that is held already changes nothing.
 */
export class PaymentBooks {
  readonly #about: BooksOf;
  readonly #paid: BothSides;
  readonly #held: Reversal[];
  readonly #names: Set<string>;
  readonly added: Reversal[] = [];
  readonly postings: Posting[] = [];

  constructor(about: BooksOf, held: readonly Reversal[]) {
    this.#about = about;
    this.#paid = paidOf(about.order);
    this.#held = [...held];
    this.#names = new Set(held.map(({ reference }) => reference));
  }

  get paid(): BothSides {
    return this.#paid;
  }

  /** What refunds, disputes and late failures hold of the payment, those that were only asked for too. */
  get taken(): TakenSides {
    return this.#sum(() => true);
  }

  /** In USD or, of a sale, in what was charged: what a taking of `charged` by others comes to now. */
  creditedOf(charged: Money): Money {
    return creditedOf(this.#paid, this.taken, charged);
  }

  isReserved({ subject }: StoredRefund): boolean {
    return this.#names.has(`${subject}:reserved`);
  }

  hasEnded({ subject }: StoredRefund): boolean {
    return this.#names.has(`${subject}:released`) || this.#names.has(`${subject}:returned`);
  }

  hasLeft({ subject }: StoredRefund): boolean {
    return this.#names.has(`${subject}:settled`);
  }

  reserve(refund: StoredRefund): void {
    const reference = `${refund.subject}:reserved`;
    if (this.#names.has(reference)) return;
    const borne = this.#borneByRefund(refund);
    // What is worth nothing in USD any more is given back all the same.
    if (!refund.credited.isZero) {
      this.postings.push(reserveRefund({ ...this.#fact(reference), borne, credited: refund.credited }));
    }
    this.#add({ reference, kind: 'refund', subject: refund.subject, ...this.#sides(refund) });
  }

  settle(refund: StoredRefund): void {
    this.reserve(refund);
    const reference = `${refund.subject}:settled`;
    if (this.#names.has(reference)) return;
    this.postings.push(
      settleRefund({ ...this.#fact(reference), taken: { ...refund, exact: this.#exact(refund.charged) } }),
    );
    this.#leave(reference, refund.charged);
    const none = { credited: refund.credited.minus(refund.credited), charged: this.#none };
    this.#add({ reference, kind: 'refund', subject: refund.subject, ...none, settled: refund.charged });
  }

  /** The refund failed or was given up: what it held is free again, whether or not it had left. */
  end(refund: StoredRefund): void {
    if (!this.isReserved(refund) || this.hasEnded(refund)) return;
    const hadLeft = this.hasLeft(refund);
    const reference = `${refund.subject}:${hadLeft ? 'returned' : 'released'}`;
    const fact = this.#fact(reference);
    const borne = this.#borneByRefundBack(refund);
    if (hadLeft) {
      const taken = { ...refund, exact: this.#exactBack(refund.charged) };
      this.postings.push(returnRefund({ ...fact, borne, taken }));
      this.#leave(reference, refund.charged.negated());
    } else if (!refund.credited.isZero) {
      this.postings.push(releaseRefund({ ...fact, borne, credited: refund.credited }));
    }
    const settled = hadLeft ? refund.charged.negated() : this.#none;
    const back = { credited: refund.credited.negated(), charged: refund.charged.negated() };
    this.#add({ reference, kind: 'refund', subject: refund.subject, ...back, settled });
  }

  dispute(dispute: ProviderDispute): void {
    const withdrawnFirst = [
      ...dispute.movements.filter(({ kind }) => kind === 'withdrawn'),
      ...dispute.movements.filter(({ kind }) => kind === 'reinstated'),
    ];
    for (const movement of withdrawnFirst) {
      const reference = this.#named(dispute.id, movement.id);
      // A line that moved nothing of the charge is a fee alone, or one that came back.
      const isOfCharge = !movement.charged.isZero;
      if (isOfCharge && !this.#names.has(reference)) {
        if (movement.kind === 'withdrawn') this.#withdraw(reference, dispute.id, movement.charged);
        else this.#reinstate(reference, dispute.id, movement.charged);
      }
      const posted = this.#held.find((reversal) => reversal.reference === reference);
      // What came back of a dispute that took nothing yet is read again with what it took.
      if (isOfCharge && !posted && !this.#withdrawnOf(dispute.id).isPositive) continue;
      this.arrive(movement, posted ? posted.charged.negated() : this.#none, 'dispute_fees');
    }
  }

  failLate(failure: ProviderLateFailure): void {
    const reference = this.#named(failure.id, 'failed_late');
    if (!this.#names.has(reference)) {
      const taking = withdrawalOf(this.#paid, this.taken, failure.amount);
      const undone = this.#undone;
      const borne = isTopUp(this.#about.order)
        ? borneByBalance(taking.split)
        : borneBySale(this.#about.order, undone, undone.plus(taking.charged));
      const fail = isTopUp(this.#about.order) ? failTopUp : failInvoice;
      this.#take(fail, reference, { kind: 'late_failure', subject: failure.id, borne, taking });
    }
    this.arrive(failure.movement, failure.amount.negated(), 'provider_fees');
  }

  /** What a movement did to the provider's balance. `cleared` is signed as the balance is: what left is below zero. */
  arrive(movement: BalanceMovement, cleared: Money, feesOf: 'provider_fees' | 'dispute_fees'): void {
    const { id, settled } = movement;
    if (settled) this.#arrive(id, { cleared, settled, feesOf });
  }

  /** What the platform gave back of its part, in both books, and the `lines` of the agency's balance that brought it, as far as there are. */
  returnFees(returns: readonly ProviderFeeReturn[], lines: readonly BalanceMovement[]): void {
    for (const feeReturn of returns) this.#returnFee(feeReturn);
    const named = ({ id }: ProviderFeeReturn): string => `${id}:line`;
    const openReturns = returns.filter((each) => !this.#held.some(({ subject }) => subject === named(each)));
    const openLines = lines.filter(({ id }) => !this.#names.has(this.#arrivalOf(`${id}:fee`)));
    for (const { feeReturn, line } of pairFees(openReturns, openLines)) {
      const settled = { gross: line.feeReturned, fees: line.feeReturned.minus(line.feeReturned) };
      const arrival = { cleared: feeReturn.amount, settled, feesOf: 'provider_fees' } as const;
      this.#arrive(`${line.id}:fee`, arrival, named(feeReturn));
    }
  }

  #returnFee(feeReturn: ProviderFeeReturn): void {
    const { platform, paymentId } = this.#about;
    if (!platform) throw new Error(`a fee of ${paymentId} went back, and the platform's books were not read`);
    const reference = this.#named(feeReturn.id, 'returned');
    if (!this.#names.has(reference)) {
      this.postings.push(...returnShare({ ...this.#fact(reference), platform, platformPart: feeReturn.amount }));
      this.#note('share', reference, feeReturn.id);
    }
    if (feeReturn.settled) this.#leavePlatform(platform, feeReturn, feeReturn.settled);
  }

  #leavePlatform(platform: PlatformBooks, { id, amount }: ProviderFeeReturn, { gross, fees }: ProviderArrival): void {
    const reference = this.#named(id, 'share_arrived');
    if (this.#names.has(reference)) return;
    this.postings.push(receiveShare({ ...this.#fact(reference), ...platform, cleared: amount.negated(), gross, fees }));
    this.#note('arrival', reference, id);
  }

  #withdraw(reference: string, subject: string, charged: Money): void {
    const taking = withdrawalOf(this.#paid, this.taken, charged);
    const borne = this.#borneByDispute(taking.split, taking.charged);
    this.#take(withdrawDispute, reference, { kind: 'dispute', subject, borne, taking });
  }

  #reinstate(reference: string, subject: string, charged: Money): void {
    const ofDispute = this.#held.filter((reversal) => reversal.subject === subject);
    const withdrawn = this.#sum((reversal) => ofDispute.includes(reversal) && reversal.charged.isPositive);
    const net = this.#sum((reversal) => ofDispute.includes(reversal));
    if (!withdrawn.charged.isPositive) return;
    const back = reinstatementOf(this.#paid, this.taken, { withdrawn, reinstated: minus(withdrawn, net) }, charged);
    // What had not been taken cannot come back.
    if (back.charged.isZero) return;
    const borne = this.#borneByDispute(back.split, back.charged);
    const taken = { credited: back.credited, charged: back.charged, exact: this.#exactBack(back.charged) };
    this.postings.push(reinstateDispute({ ...this.#fact(reference), borne, taken }));
    this.#leave(reference, back.charged.negated());
    const sides = { credited: back.credited.negated(), charged: back.charged.negated() };
    this.#add({ reference, kind: 'dispute', subject, ...sides, settled: sides.charged });
  }

  #take(
    post: (fact: Taking) => Posting,
    reference: string,
    { kind, subject, borne, taking }: { kind: ReversalKind; subject: string; borne: Borne; taking: BothSides },
  ): void {
    const { credited, charged } = taking;
    this.postings.push(
      post({ ...this.#fact(reference), borne, taken: { credited, charged, exact: this.#exact(charged) } }),
    );
    this.#leave(reference, charged);
    this.#add({ reference, kind, subject, credited, charged, settled: charged });
  }

  /** Sold on the platform's account: what left clearing left the platform's, and what it owes the agency. Signed. */
  #leave(reference: string, charged: Money): void {
    const { order } = this.#about;
    if (!isOwedToAgency(order)) return;
    const before = this.#settled;
    const platformPart = platformPartOf(order, before.plus(charged)).minus(platformPartOf(order, before));
    const platform = { agencyId: order.account_agency_id, merchantAccountId: order.merchant_account_id };
    this.postings.push(...returnOwedShare({ ...this.#fact(`${reference}:share`), platform, platformPart, charged }));
  }

  #arrive(
    id: string,
    arrival: {
      readonly cleared: Money;
      readonly settled: Pick<ProviderArrival, 'gross' | 'fees'>;
      readonly feesOf: 'provider_fees' | 'dispute_fees';
    },
    subject = id,
  ): void {
    const { order } = this.#about;
    const reference = this.#arrivalOf(id);
    if (this.#names.has(reference)) return;
    const { cleared, feesOf } = arrival;
    const { gross, fees } = arrival.settled;
    if (!(cleared.isZero && gross.isZero && fees.isZero)) {
      const agencyId = isOwedToAgency(order) ? order.account_agency_id : order.agency_id;
      this.postings.push(settleAtProvider({ ...this.#fact(reference), agencyId, cleared, gross, fees, feesOf }));
    }
    this.#note('arrival', reference, subject);
  }

  #borneByRefund(refund: StoredRefund): Borne {
    if (isTopUp(this.#about.order)) return borneByBalance(splitOfTaking(this.#paid, this.taken, takenBy(refund)));
    return borneBySale(this.#about.order, this.#undone, this.#undone.plus(refund.charged));
  }

  #borneByRefundBack(refund: StoredRefund): Borne {
    if (isTopUp(this.#about.order)) return borneByBalance(splitOfReturn(this.#paid, this.taken, takenBy(refund)));
    return borneBySale(this.#about.order, this.#undone.minus(refund.charged), this.#undone);
  }

  #borneByDispute(split: Parameters<typeof borneByBalance>[0], charged: Money): Borne {
    return isTopUp(this.#about.order) ? borneByBalance(split) : { by: 'dispute_losses', amount: charged };
  }

  /** What of a sale was given back, or not paid after all: a dispute undoes no sale. */
  get #undone(): Money {
    return this.#sum(({ kind }) => kind !== 'dispute').charged;
  }

  #withdrawnOf(disputeId: string): Money {
    return this.#sum(({ subject, charged }) => subject === disputeId && charged.isPositive).charged;
  }

  get #settled(): Money {
    return this.#held.reduce((sum, { settled }) => sum.plus(settled), this.#none);
  }

  get #none(): Money {
    return Money.zero(this.#paid.charged.currency.code);
  }

  #exact(charged: Money): Money {
    return exactOf(this.#about.order, this.#settled.plus(charged)).minus(exactOf(this.#about.order, this.#settled));
  }

  #exactBack(charged: Money): Money {
    return exactOf(this.#about.order, this.#settled).minus(exactOf(this.#about.order, this.#settled.minus(charged)));
  }

  #sum(counts: (reversal: Reversal) => boolean): TakenSides {
    const none = { credited: this.#paid.credited.minus(this.#paid.credited), charged: this.#none };
    return this.#held.filter(counts).map(takenBy).reduce<TakenSides>(plus, none);
  }

  #sides({ credited, charged }: BothSides): BothSides & { readonly settled: Money } {
    return { credited, charged, settled: this.#none };
  }

  #named(id: string, step: string): string {
    const { provider, provider_account_id: account } = this.#about.order;
    return `${provider}:${account}:${id}:${step}`;
  }

  #arrivalOf(id: string): string {
    const { provider, provider_account_id: account } = this.#about.order;
    return arrivalReference(provider, account, id);
  }

  #fact(reference: string) {
    const { order, source } = this.#about;
    return {
      agencyId: order.agency_id,
      customerId: order.customer_id,
      planId: order.plan_id,
      merchantAccountId: order.merchant_account_id,
      reference,
      source,
    };
  }

  #note(kind: ReversalKind, reference: string, subject: string): void {
    const none = this.#none;
    const credited = this.#paid.credited.minus(this.#paid.credited);
    this.#add({ reference, kind, subject, credited, charged: none, settled: none });
  }

  #add(reversal: Reversal): void {
    this.#names.add(reversal.reference);
    this.#held.push(reversal);
    this.added.push(reversal);
  }
}
