import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldInput, payAsYouGoInput } from '../../unit/catalog/plans.ts';
import { type Answered, type Service, startService } from '../http/tenants.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const call = (method: string, path: string, body?: object): Promise<Answered> =>
  service.call(method, path, { key: service.first.key, ...(body === undefined ? {} : { body }) });
const publish = async (name: string): Promise<string> => {
  const { status, body } = await call('POST', '/v1/plans', { ...goldInput, name, publish: true });
  expect({ status, body }).toMatchObject({ status: 201, body: { status: 'published' } });
  return String(body.id);
};

describe('over HTTP', () => {
  test('a plan is archived, and deleted for good', async () => {
    const id = await publish('old');
    expect(await call('POST', `/v1/plans/${id}/archive`)).toMatchObject({ status: 200, body: { status: 'archived' } });
    expect(await call('POST', `/v1/plans/${id}/enable`)).toMatchObject({
      status: 409,
      body: { code: 'plan_archived', detail: expect.stringContaining('duplicate it instead') },
    });
    expect(await call('DELETE', `/v1/plans/${id}`)).toMatchObject({ status: 204 });
    expect(await call('GET', `/v1/plans/${id}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await call('DELETE', `/v1/plans/${id}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  test('the next version of a plan is discarded', async () => {
    const id = await publish('redrafted');
    await call('PATCH', `/v1/plans/${id}`, { trialDays: 7 });
    const discarded = await call('DELETE', `/v1/plans/${id}/draft`);
    expect(discarded).toMatchObject({ status: 200, body: { trialDays: 0, draft: null } });
    const again = await call('DELETE', `/v1/plans/${id}/draft`);
    expect(again).toMatchObject({ status: 409, body: { code: 'plan_without_draft' } });
  });

  test('offers are set, read, previewed and removed', async () => {
    const customer = `/v1/customers/${service.first.customer.id}`;
    const id = await publish('offered');
    const set = await call('PUT', `${customer}/offers`, { planIds: [id] });
    expect(set).toMatchObject({ status: 200, body: { planIds: [id], source: 'own', plansPage: true } });
    expect((await call('GET', `${customer}/offers`)).body).toEqual(set.body);

    const preview = await call('GET', `${customer}/plans`);
    expect(preview).toMatchObject({ status: 200, body: { data: [{ id, displayName: 'Gold Tier' }], next: null } });
    expect(JSON.stringify(preview.body)).not.toContain('"offered"');

    expect(await call('PUT', `${customer}/offers`, { planIds: [] })).toMatchObject({ body: { plansPage: false } });
    expect(await call('DELETE', `${customer}/offers`)).toMatchObject({ status: 204 });
    expect(await call('GET', `${customer}/offers`)).toMatchObject({ body: { source: 'visible', plansPage: true } });
  });

  test('the audit trail is read by subject, page by page', async () => {
    const id = await publish('audited');
    const newest = await call('GET', `/v1/audit?subject=${id}&limit=1`);
    expect(newest).toMatchObject({
      status: 200,
      body: {
        data: [
          {
            action: 'plan.published',
            subject: id,
            actor: { role: 'agency' },
            at: service.clock.now().toISOString(),
            before: { status: 'draft' },
            after: { status: 'published' },
          },
        ],
      },
    });
    const rest = await call('GET', `/v1/audit?subject=${id}&after=${newest.body.next}`);
    expect(rest.body).toMatchObject({ data: [{ action: 'plan.created', before: null }], next: null });
    const other = await service.call('GET', `/v1/audit?subject=${id}`, { key: service.second.key });
    expect(other.body).toEqual({ data: [], next: null });
  });

  test('the platform says which of its plans an agency may resell, and the agency reads it', async () => {
    const made = await service.call('POST', '/v1/plans', { body: { ...goldInput, name: 'wholesale', publish: true } });
    const id = String(made.body.id);
    const path = `/v1/agencies/${service.first.agency.id}/offers`;
    expect(await service.call('PUT', path, { body: { planIds: [id] } })).toMatchObject({
      status: 200,
      body: { planIds: [id] },
    });
    expect(await call('GET', path)).toMatchObject({ status: 200, body: { planIds: [id] } });
    const stranger = await service.call('GET', path, { key: service.second.key });
    expect(stranger).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('bad input is refused with a code of its own and a sentence that says what to do instead', () => {
  const gold = { ...goldInput, name: 'bad' };
  const minutes = { feature: 'call_minutes', included: '100', overagePrice: '0.20' };
  const cases: readonly (readonly [string, object, number, string, RegExp])[] = [
    [
      'an unknown feature',
      { ...gold, usage: [{ ...minutes, feature: 'fax' }], packs: [] },
      422,
      'unknown_feature',
      /add it by POST \/v1\/features/,
    ],
    [
      'a price with more decimals than the currency allows',
      { ...gold, cycles: { monthly: '49.001' } },
      422,
      'price_too_precise',
      /write 49\.00/,
    ],
    [
      'an included quantity below zero',
      { ...gold, usage: [{ ...minutes, included: '-1' }] },
      422,
      'negative_number',
      /write 0 or more/,
    ],
    [
      'a cycle without a price',
      { ...gold, cycles: { monthly: '' } },
      422,
      'cycle_without_price',
      /leave the cycle out/,
    ],
    [
      'a cycle that is null',
      { ...gold, cycles: { monthly: '49.00', yearly: null } },
      422,
      'cycle_without_price',
      /leave the cycle out/,
    ],
    ['a fixed plan without a cycle', { ...gold, cycles: {} }, 422, 'fixed_without_cycle', /give a price for monthly/],
    ['a currency without a rate', { ...gold, currency: 'EUR' }, 422, 'currency_without_rate', /use USD/],
    [
      'pay-as-you-go usage without any price',
      { ...payAsYouGoInput, usage: [{ feature: 'call_minutes' }] },
      422,
      'pay_as_you_go_without_price',
      /give a unitPrice or an overagePrice/,
    ],
    [
      'a limit below what is included',
      { ...gold, limits: { maxConcurrency: 1 } },
      422,
      'limit_below_included',
      /raise the limit to 2/,
    ],
  ];

  test.each(cases)('%s', async (_case, body, status, code, sentence) => {
    const refused = await call('POST', '/v1/plans', body);
    expect(refused).toMatchObject({ status, body: { code, detail: expect.stringMatching(sentence) } });
    expect(refused.body.errors).toEqual([{ path: expect.any(String), message: expect.stringMatching(/\.$/) }]);
  });

  test('two plans with one name in an agency', async () => {
    await publish('twice');
    expect(await call('POST', '/v1/plans', { ...goldInput, name: 'twice' })).toMatchObject({
      status: 409,
      body: { code: 'plan_name_taken', detail: expect.stringContaining('choose another name') },
    });
  });

  test('a patch that leaves a cycle without a price changes nothing', async () => {
    const id = await publish('patched');
    const refused = await call('PATCH', `/v1/plans/${id}`, { cycles: { monthly: null } });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'cycle_without_price', errors: [{ path: 'cycles.monthly' }] },
    });
    expect(await call('GET', `/v1/plans/${id}`)).toMatchObject({ body: { draft: null, cycles: goldInput.cycles } });
  });

  test.each([
    ['an offer of a plan that is not there', { planIds: ['plan_absent'] }, 'offered_plan_unknown'],
    ['an offer without a list', {}, 'invalid_request'],
  ])('%s', async (_case, body, code) => {
    const refused = await call('PUT', `/v1/customers/${service.first.customer.id}/offers`, body);
    expect(refused).toMatchObject({ status: 422, body: { code } });
  });
});
