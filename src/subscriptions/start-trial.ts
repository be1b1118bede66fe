import type { Clock } from '../clock.ts';
import { newId } from '../ids.ts';
import type { OnCustomerCreated } from '../tenancy/create-customer.ts';
import { emailKeyOf, trialFeature, trialFrom } from './trial.ts';

/**
 * A new client starts on its agency's trial, in the transaction that makes the client: its minutes are one quota period of the whole
 * trial. An e-mail address that had a trial in this agency has none again.
 */
export const startTrial =
  ({ clock }: { readonly clock: Clock }): OnCustomerCreated =>
  async (db, customer, agency) => {
    const trial = trialFrom(agency.trial, clock.now());
    if (!trial) return;
    const id = newId('trial');
    const owner = { agencyId: customer.agencyId, customerId: customer.id };
    const { end, ...facts } = trial;
    const { count } = await db.trial.createMany({
      data: [{ ...owner, id, emailKey: emailKeyOf(customer.email), status: 'active', endBehavior: end, ...facts }],
      skipDuplicates: true,
    });
    if (count === 0) return;
    await db.quotaPeriod.createMany({
      data: [
        {
          ...owner,
          id: newId('quotaPeriod'),
          holderId: id,
          holderKind: 'trial',
          feature: trialFeature,
          periodStart: trial.startedAt,
          periodEnd: trial.endsAt,
          included: trial.minutes,
          openedAt: trial.startedAt,
        },
      ],
    });
  };
