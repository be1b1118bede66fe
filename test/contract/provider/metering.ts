import { describe, expect, it } from 'vitest';
import type { MeterEvent, MeteringPort } from '../../../src/providers/meter-ports.ts';
import type { CatalogMeter } from '../../../src/providers/port.ts';
import { makeCustomer } from './cardholders.ts';
import { type ContractRun, need, type Stage } from './contract-run.ts';

const day = 86_400_000;

function meteringTools(run: () => ContractRun) {
  const metering = (): MeteringPort => need(run().subject.provider.metering, 'metering');

  const makeMeter = async (): Promise<CatalogMeter> => {
    const meters = need(need(run().subject.provider.catalog, 'catalog').meters, 'meters');
    const spec = { eventName: run().name('meter'), displayName: 'Call minutes', aggregation: 'sum' } as const;
    const made = await meters.create(run().account, spec, run().once());
    run().undoLater(() => meters.deactivate(run().account, made.id, run().once()));
    return made;
  };

  const anEvent = async (change: Partial<MeterEvent> = {}): Promise<MeterEvent> => ({
    identifier: run().name('event'),
    eventName: (await makeMeter()).eventName,
    providerCustomerId: await makeCustomer(run()),
    value: '2.5',
    at: new Date(run().now().getTime() - 60_000),
    ...change,
  });

  const send = (...events: readonly MeterEvent[]) => metering().send(run().account, events, () => run().once());

  return { metering, makeMeter, anEvent, send };
}

export function describeMetering(run: () => ContractRun): void {
  const { metering, anEvent, send } = meteringTools(run);

  describe('metering', () => {
    it('takes an event once for one identifier, under any key', async () => {
      const event = await anEvent();
      expect(await send(event)).toEqual([{ outcome: 'delivered' }]);
      expect(await send(event)).toEqual([{ outcome: 'already' }]);
    });

    it('answers each event in its place, and refuses what is too old or ahead of its time for good', async () => {
      const event = await anEvent();
      const old = { ...event, identifier: run().name('event'), at: new Date(run().now().getTime() - 36 * day) };
      const ahead = { ...event, identifier: run().name('event'), at: new Date(run().now().getTime() + day) };
      const answers = await send(old, event, ahead);
      expect(answers.map(({ outcome }) => outcome)).toEqual(['refused', 'delivered', 'refused']);
    });

    it('takes an event back, and not one that it does not know', async () => {
      const event = await anEvent();
      await send(event);
      await expect(metering().cancel(run().account, event, run().once())).resolves.toEqual({ outcome: 'canceled' });
      const unknown = { ...event, identifier: run().name('event') };
      await expect(metering().cancel(run().account, unknown, run().once())).resolves.toMatchObject({ outcome: 'late' });
    });
  });
}

export function describeStagedMetering(run: () => ContractRun): void {
  const { metering, makeMeter, anEvent, send } = meteringTools(run);
  const stage = (): Stage => need(run().subject.stage, 'stage');

  describe('metering', () => {
    it('sums what a customer used of a meter, by UTC day', async () => {
      const meter = await makeMeter();
      const providerCustomerId = await makeCustomer(run());
      const today = Math.floor(run().now().getTime() / day) * day;
      for (const [value, at] of [
        ['2.5', today - day],
        ['1.25', today - 1_000],
        ['4', today],
      ] as const) {
        const event = { eventName: meter.eventName, providerCustomerId, value, at: new Date(at) };
        await send(await anEvent(event));
      }
      await stage().advanceClock('5m');
      const span = { from: new Date(today - 2 * day), until: new Date(today + 2 * day) };
      const days = await metering().summaries(run().account, meter.id, providerCustomerId, span);
      const found = days.map(({ day: from, value }) => [from.getTime(), value.toFixed()]);
      expect(found.sort()).toEqual([
        [today - day, '3.75'],
        [today, '4'],
      ]);
    });

    it('says of a lost answer that the event may be there, and finds it there', async () => {
      const event = await anEvent();
      const lost = await stage().whileCut('after', () => send(event), '/v1/billing/meter_events');
      expect(lost).toMatchObject([{ outcome: 'later', mayHaveRun: true }]);
      expect(await send(event)).toEqual([{ outcome: 'already' }]);
    });

    it('takes nothing back after a day', async () => {
      const event = await anEvent();
      await send(event);
      await stage().advanceClock('25h');
      await expect(metering().cancel(run().account, event, run().once())).resolves.toMatchObject({ outcome: 'late' });
    });
  });
}
