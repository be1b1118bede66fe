import { describe, expect, test } from 'vitest';
import type { ScheduledChange } from '../../../src/providers/subscription-ports.ts';
import { need } from '../../contract/provider/contract-run.ts';
import { answering, nockedStripe, refusal } from './stripe-nock.ts';
import { end, inForce, lineForm, once, onceOnAccount, reads, start } from './stripe-subscription-objects.ts';
import { connected, failureOf, platform } from './stripe-support.ts';

const schedulesPort = need(nockedStripe().schedules, 'schedules');

describe('a change at the next cycle on the wire', () => {
  const schedules = '/v1/subscription_schedules';
  const schedule = {
    id: 'sub_sched_1',
    object: 'subscription_schedule',
    status: 'active',
    current_phase: { start_date: start, end_date: end },
    phases: [{ start_date: start, end_date: end }],
  };
  const change: ScheduledChange = {
    id: 'sub_stripe_1',
    changeId: 'chg_1',
    current: inForce.items,
    periodEnd: new Date(end * 1000),
    next: [{ priceId: 'price_gold', quantity: 1, taxRateIds: [] }],
    nextMonths: 12,
    applicationFeePercent: '27.27',
    metadata: { baisa_subscription_change: 'chg_1' },
  };

  test('begins with a schedule of the subscription as it is, and nothing beside it', async () => {
    reads({});
    const sent = answering('POST', schedules, schedule);
    expect(await schedulesPort.beginSchedule(connected, 'sub_stripe_1', once)).toEqual({ scheduleId: 'sub_sched_1' });
    expect(sent[0]?.form).toEqual({ from_subscription: 'sub_stripe_1' });
    expect(sent[0]?.headers).toMatchObject(onceOnAccount);
  });

  test('takes the schedule that leads it already', async () => {
    reads({ schedule: 'sub_sched_0' });
    expect(await schedulesPort.beginSchedule(connected, 'sub_stripe_1', once)).toEqual({ scheduleId: 'sub_sched_0' });
  });

  test('is the next phase: from the period’s end, for one cycle, unprorated, and then let go', async () => {
    answering('GET', `${schedules}/sub_sched_1`, schedule);
    const sent = answering('POST', `${schedules}/sub_sched_1`, schedule);
    reads({ schedule: 'sub_sched_1' });
    const read = await schedulesPort.schedule(connected, 'sub_sched_1', change, once);
    expect(read.scheduleId).toBe('sub_sched_1');
    expect(sent[0]?.form).toEqual({
      end_behavior: 'release',
      proration_behavior: 'none',
      'metadata[baisa_subscription_change]': 'chg_1',
      ...lineForm('phases[0][items]'),
      'phases[0][start_date]': String(start),
      'phases[0][end_date]': String(end),
      'phases[0][proration_behavior]': 'none',
      'phases[1][items][0][price]': 'price_gold',
      'phases[1][items][0][quantity]': '1',
      'phases[1][start_date]': String(end),
      'phases[1][duration][interval]': 'month',
      'phases[1][duration][interval_count]': '12',
      'phases[1][application_fee_percent]': '27.27',
      'phases[1][proration_behavior]': 'none',
      'phases[1][metadata][baisa_subscription_change]': 'chg_1',
    });
    expect(sent[0]?.headers).toMatchObject(onceOnAccount);
  });

  test.each([
    [connected, { 'phases[1][application_fee_percent]': '0' }],
    // Stripe takes no such fee on the platform's own account, not even none.
    [platform, {}],
  ])('says where the platform has no part any more: on %j', async (account, fee) => {
    answering('GET', `${schedules}/sub_sched_1`, schedule);
    const sent = answering('POST', `${schedules}/sub_sched_1`, schedule);
    reads({});
    await schedulesPort.schedule(account, 'sub_sched_1', { ...change, applicationFeePercent: null }, once);
    const fees = Object.entries(sent[0]?.form ?? {}).filter(([name]) => name.includes('fee_percent'));
    expect(Object.fromEntries(fees)).toEqual(fee);
  });

  const phasesOf = async (phase: object): Promise<readonly string[]> => {
    const current = { start_date: start, end_date: end, ...phase };
    answering('GET', `${schedules}/sub_sched_1`, {
      ...schedule,
      phases: [{ start_date: 1, end_date: start }, current],
    });
    const sent = answering('POST', `${schedules}/sub_sched_1`, schedule);
    reads({});
    await schedulesPort.schedule(connected, 'sub_sched_1', change, once);
    const form = Object.entries(sent[0]?.form ?? {}).map(([name, value]) => `${name} ${value}`);
    return form.filter((line) => /trial|discount|coupon/.test(line));
  };

  test('lets a trial that runs go on to its end, and says nothing of one that is over', async () => {
    expect(await phasesOf({ trial_end: end })).toEqual([`phases[0][trial_end] ${end}`]);
    expect(await phasesOf({ trial_end: start })).toEqual([]);
    expect(await phasesOf({ trial_end: null, discounts: [] })).toEqual([]);
  });

  test('keeps the discounts that somebody gave, now and after', async () => {
    const none = { coupon: null, discount: null, promotion_code: null };
    const discounts = [
      { ...none, discount: { id: 'di_1', object: 'discount' }, coupon: 'co_1' },
      { ...none, promotion_code: 'promo_1' },
      { ...none, coupon: 'co_2' },
    ];
    expect(await phasesOf({ discounts })).toEqual(
      [0, 1].flatMap((phase) => [
        `phases[${phase}][discounts][0][discount] di_1`,
        `phases[${phase}][discounts][1][promotion_code] promo_1`,
        `phases[${phase}][discounts][2][coupon] co_2`,
      ]),
    );
  });

  test('goes on from the first phase of a schedule that has not begun', async () => {
    answering('GET', `${schedules}/sub_sched_1`, { ...schedule, current_phase: null, phases: [{ start_date: start }] });
    const sent = answering('POST', `${schedules}/sub_sched_1`, schedule);
    reads({});
    await schedulesPort.schedule(connected, 'sub_sched_1', change, once);
    expect(sent[0]?.form).toMatchObject({ 'phases[0][start_date]': String(start) });
  });

  test('is refused where there is no phase to go on from', async () => {
    answering('GET', `${schedules}/sub_sched_1`, { ...schedule, current_phase: null, phases: [] });
    const call = schedulesPort.schedule(connected, 'sub_sched_1', change, once);
    expect((await failureOf(call)).detail).toMatchObject({ kind: 'invalid' });
  });

  const release = `${schedules}/sub_sched_1/release`;
  const released = () => schedulesPort.releaseSchedule(connected, 'sub_sched_1', once);

  test('is taken back by releasing its schedule', async () => {
    const sent = answering('POST', release, { ...schedule, status: 'released' });
    await released();
    expect(sent[0]?.form).toEqual({});
    expect(sent[0]?.headers).toMatchObject(onceOnAccount);
  });

  test.each(['released', 'completed', 'canceled'])('that is over already is left alone: %s', async (status) => {
    answering('POST', release, refusal('resource_invalid'), 400);
    answering('GET', `${schedules}/sub_sched_1`, { ...schedule, status });
    await expect(released()).resolves.toBeUndefined();
  });

  test.each(['active', 'not_started'])('that Stripe will not take back fails: %s', async (status) => {
    answering('POST', release, refusal('resource_invalid'), 400);
    answering('GET', `${schedules}/sub_sched_1`, { ...schedule, status });
    expect((await failureOf(released())).detail).toMatchObject({ kind: 'invalid', code: 'resource_invalid' });
  });
});
