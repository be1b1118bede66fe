import { describe, expect, test } from 'vitest';
import { availability, type OfferedPlans, type SellablePlan } from '../../../src/catalog/availability.ts';

const client = { id: 'cus_this' };

const offerCases = {
  'no offers': null,
  'an empty list': new Set<string>(),
  'offered by name': new Set(['plan_1', 'plan_2']),
  'offered others': new Set(['plan_2']),
} as const satisfies Record<string, OfferedPlans>;
const madeForCases = { everyone: null, 'this client': 'cus_this', 'another client': 'cus_other' } as const;
const statuses = ['draft', 'published', 'disabled', 'archived'] as const;
const visibilities = ['visible', 'hidden'] as const;

type OfferCase = keyof typeof offerCases;
type MadeFor = keyof typeof madeForCases;
type Verdict = 'buyable' | 'assignable' | 'no';

/** What a published plan is to the client; everything else is neither buyable nor assignable. */
const published: readonly (readonly [SellablePlan['visibility'], OfferCase, MadeFor, Verdict, readonly string[]])[] = [
  ['visible', 'no offers', 'everyone', 'buyable', []],
  ['visible', 'no offers', 'this client', 'buyable', []],
  ['visible', 'no offers', 'another client', 'no', ['plan_of_another_client']],
  ['visible', 'an empty list', 'everyone', 'assignable', ['plan_not_offered']],
  ['visible', 'an empty list', 'this client', 'assignable', ['plan_not_offered']],
  ['visible', 'an empty list', 'another client', 'no', ['plan_of_another_client', 'plan_not_offered']],
  ['visible', 'offered by name', 'everyone', 'buyable', []],
  ['visible', 'offered by name', 'this client', 'buyable', []],
  ['visible', 'offered by name', 'another client', 'no', ['plan_of_another_client']],
  ['visible', 'offered others', 'everyone', 'assignable', ['plan_not_offered']],
  ['visible', 'offered others', 'this client', 'assignable', ['plan_not_offered']],
  ['visible', 'offered others', 'another client', 'no', ['plan_of_another_client', 'plan_not_offered']],
  ['hidden', 'no offers', 'everyone', 'assignable', ['plan_hidden']],
  ['hidden', 'no offers', 'this client', 'assignable', ['plan_hidden']],
  ['hidden', 'no offers', 'another client', 'no', ['plan_of_another_client', 'plan_hidden']],
  ['hidden', 'an empty list', 'everyone', 'assignable', ['plan_not_offered']],
  ['hidden', 'an empty list', 'this client', 'assignable', ['plan_not_offered']],
  ['hidden', 'an empty list', 'another client', 'no', ['plan_of_another_client', 'plan_not_offered']],
  ['hidden', 'offered by name', 'everyone', 'buyable', []],
  ['hidden', 'offered by name', 'this client', 'buyable', []],
  ['hidden', 'offered by name', 'another client', 'no', ['plan_of_another_client']],
  ['hidden', 'offered others', 'everyone', 'assignable', ['plan_not_offered']],
  ['hidden', 'offered others', 'this client', 'assignable', ['plan_not_offered']],
  ['hidden', 'offered others', 'another client', 'no', ['plan_of_another_client', 'plan_not_offered']],
];

const sellable = (change: Partial<SellablePlan> = {}): SellablePlan => ({
  id: 'plan_1',
  status: 'published',
  visibility: 'visible',
  customerId: null,
  resold: false,
  offeredAsAgency: false,
  ...change,
});

describe('a published plan', () => {
  test.each(published)('%s, %s, made for %s: %s', (visibility, offered, madeFor, verdict, reasons) => {
    const plan = sellable({ visibility, customerId: madeForCases[madeFor] });
    expect(availability(plan, offerCases[offered], client)).toEqual({
      buyable: verdict === 'buyable',
      assignable: verdict !== 'no',
      reasons,
    });
  });

  test('has a line above for every combination', () => {
    const lines = new Set(published.map(([visibility, offered, madeFor]) => `${visibility} ${offered} ${madeFor}`));
    const all = visibilities.length * Object.keys(offerCases).length * Object.keys(madeForCases).length;
    expect([lines.size, published.length]).toEqual([all, all]);
  });
});

const unpublished = statuses.filter((status) => status !== 'published');
test.each(unpublished)('a %s plan is neither bought nor assigned, however it is offered', (status) => {
  const reason = { draft: 'plan_not_published', disabled: 'plan_disabled', archived: 'plan_archived' }[status];
  for (const visibility of visibilities) {
    for (const offers of Object.values(offerCases)) {
      for (const customerId of Object.values(madeForCases)) {
        const found = availability(sellable({ status, visibility, customerId }), offers, client);
        expect(found).toMatchObject({ buyable: false, assignable: false });
        expect(found.reasons).toContain(reason);
      }
    }
  }
});

test.each([
  ['no offers', 'assignable', ['plan_not_offered']],
  ['an empty list', 'assignable', ['plan_not_offered']],
  ['offered by name', 'buyable', []],
  ['offered others', 'assignable', ['plan_not_offered']],
] as const)("the platform's plan that an agency may resell, %s: %s", (offered, verdict, reasons) => {
  for (const visibility of visibilities) {
    const found = availability(sellable({ resold: true, visibility }), offerCases[offered], client);
    expect(found).toMatchObject({ buyable: verdict === 'buyable', assignable: true });
    expect(found.reasons).toEqual(expect.arrayContaining([...reasons]));
  }
});

test.each(Object.entries(offerCases))(
  'a plan that is offered to the agency which the client is, %s: buyable, hidden or not',
  (_offered, offers) => {
    for (const visibility of visibilities) {
      const found = availability(sellable({ offeredAsAgency: true, visibility }), offers, client);
      expect(found).toEqual({ buyable: true, assignable: true, reasons: [] });
    }
  },
);
