import { expect, test } from 'vitest';
import { planChange } from '../../../src/catalog/plan-changes.ts';
import type { PlanDocument } from '../../../src/catalog/plan-document.ts';
import { planView } from '../../../src/catalog/plan-view.ts';
import { plan } from './plans.ts';

const at = new Date('2026-11-21T08:00:00Z');
const row = (status: string) => ({
  id: 'plan_1',
  agencyId: 'agc_1',
  name: 'gold-2026',
  status,
  visibility: 'visible',
  createdAt: at,
  updatedAt: at,
});
const version = (number: number, status: string, document: PlanDocument) => ({
  version: number,
  status,
  document: { ...document, frozen: null },
  publishedAt: status === 'published' ? at : null,
});

const dearer = plan({ cycles: { monthly: '59.00' } });
const cheaper = plan({ cycles: { monthly: '39.00' } });
const published = planView(row('published'), [version(1, 'published', plan())]);
const redrafted = planView(row('published'), [version(1, 'published', plan()), version(2, 'draft', dearer)]);
const draft = planView(row('draft'), [version(1, 'draft', plan())]);

test.each([
  ['a plan that is not there is created', plan(), undefined, { kind: 'create' }],
  ['a plan that is sold as it is written is kept', plan(), published, { kind: 'none' }],
  [
    'a plan that is sold otherwise is changed, field by field',
    dearer,
    published,
    { kind: 'change', fields: ['cycles'] },
  ],
  ['a draft that says the same is published', plan(), draft, { kind: 'publish' }],
  ['a next version that says the same is published', dearer, redrafted, { kind: 'publish' }],
  ['a plan that is sold as it is written is kept, whatever is drafted', plan(), redrafted, { kind: 'none' }],
  ['a next version that says otherwise is changed', cheaper, redrafted, { kind: 'change', fields: ['cycles'] }],
])('%s', (_name, wanted, there, change) => {
  expect(planChange(wanted, there)).toEqual(change);
});
