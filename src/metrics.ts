import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { PrismaClient } from './database/generated/client.ts';
import type { ClaimedEvent, EventOutcome, Inbox } from './delivery/inbox.ts';

export interface Metrics {
  readonly registry: Registry;
  countArrival(provider: string, result: 'stored' | 'duplicate' | 'refused'): void;
  countOutcome(event: ClaimedEvent, outcome: EventOutcome): void;
  /** A payment or a change of a subscription that no event had told of. */
  countFound(provider: string, outcome: 'applied' | 'parked'): void;
  /** From now on what a person should look at is counted at each scrape. */
  watchAlerts(prisma: PrismaClient): void;
  countFinding(finding: { readonly class: string; readonly status: string }): void;
  /** From now on the differences that were raised and stand are counted at each scrape. */
  watchFindings(prisma: PrismaClient): void;
  /** From now on the inbox's queue lengths are read at each scrape. */
  watchInbox(inbox: Inbox): void;
}

/** The stable code that a reason begins with; a reason without one is an unexpected error. */
const codeOf = (reason: string): string => /^([a-z_]+): /.exec(reason)?.[1] ?? 'error';

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'baisa_' });
  const arrivals = new Counter({
    name: 'baisa_webhook_arrivals_total',
    help: 'Webhook requests by provider and result.',
    labelNames: ['provider', 'result'],
    registers: [registry],
  });
  const outcomes = new Counter({
    name: 'baisa_events_total',
    help: 'Events handled, by provider, type and outcome.',
    labelNames: ['provider', 'type', 'status'],
    registers: [registry],
  });
  const parked = new Counter({
    name: 'baisa_events_parked_total',
    help: 'Events that were not applied and wait for a person, by the code of their reason (amount_mismatch, ...).',
    labelNames: ['provider', 'reason'],
    registers: [registry],
  });
  const found = new Counter({
    name: 'baisa_unheard_total',
    help: 'Payments and subscriptions found by asking, whose events never came, by provider and outcome.',
    labelNames: ['provider', 'outcome'],
    registers: [registry],
  });
  const findings = new Counter({
    name: 'baisa_reconciliation_findings_total',
    help: 'Differences between providers and our books, by class (missed_event, missing_credit, ...) and what became of them.',
    labelNames: ['class', 'status'],
    registers: [registry],
  });
  return {
    registry,
    countArrival: (provider, result) => arrivals.inc({ provider, result }),
    countOutcome: ({ provider, type }, outcome) => {
      outcomes.inc({ provider, type, status: outcome.status });
      if (outcome.status === 'parked') parked.inc({ provider, reason: codeOf(outcome.reason) });
    },
    countFound: (provider, outcome) => found.inc({ provider, outcome }),
    watchAlerts: (prisma) => {
      const open = new Gauge({
        name: 'baisa_alerts_open',
        help: 'What a person should look at, by kind: second_payment (one order was paid twice, and credited twice), hold_not_released, usage_refused (by a provider’s meter), usage_unbillable (it takes it no more).',
        labelNames: ['kind'],
        registers: [registry],
        collect: async () => {
          open.reset();
          const kinds = await prisma.alert.groupBy({ by: ['kind'], where: { resolvedAt: null }, _count: true });
          for (const { kind, _count: count } of kinds) open.set({ kind }, count);
        },
      });
    },
    countFinding: (finding) => findings.inc({ class: finding.class, status: finding.status }),
    watchFindings: (prisma) => {
      const open = new Gauge({
        name: 'baisa_reconciliation_findings_open',
        help: 'Differences between providers and our books that wait for a person, by class.',
        labelNames: ['class'],
        registers: [registry],
        collect: async () => {
          open.reset();
          const classes = await prisma.reconciliationFinding.groupBy({
            by: ['class'],
            where: { status: 'raised' },
            _count: true,
          });
          for (const each of classes) open.set({ class: each.class }, each._count);
        },
      });
    },
    watchInbox: (inbox) => {
      const queue = new Gauge({
        name: 'baisa_inbox_events',
        help: 'Events in the inbox that are not settled: waiting, due now, parked.',
        labelNames: ['state'],
        registers: [registry],
        collect: async () => {
          for (const [state, count] of Object.entries(await inbox.counts())) queue.set({ state }, count);
        },
      });
    },
  };
}
