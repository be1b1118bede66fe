import { z } from 'zod';
import { soldPackSchema } from '../checkout/order.ts';
import type { OrderListener } from '../checkout/order-listener.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../ids.ts';
import { insertLicence } from './licence.store.ts';
import { daysAfter } from './licence.ts';

const orderRows = z.array(
  z.object({ agencyId: z.string(), orderId: z.string(), customerId: z.string(), pack: soldPackSchema }),
);

/**
 * A pack that was paid for becomes a licence in the transaction that posts its payment: one for each order, whatever pays it again,
 * and from that moment on.
 */
export const createPackListener = ({ clock }: { readonly clock: Clock }): OrderListener => ({
  paid: async (sql, orders) => {
    const packs = orders.filter(({ kind }) => kind === 'pack');
    if (packs.length === 0) return;
    const { rows } = await sql.query(
      `SELECT o.agency_id AS "agencyId", o.id AS "orderId", o.customer_id AS "customerId", o.pack
         FROM orders o JOIN unnest($1::text[], $2::text[]) AS n(agency_id, id) ON n.agency_id = o.agency_id AND n.id = o.id
        ORDER BY o.agency_id, o.id`,
      [packs.map(({ agencyId }) => agencyId), packs.map(({ orderId }) => orderId)],
    );
    const now = clock.now();
    for (const { agencyId, customerId, orderId, pack } of orderRows.parse(rows)) {
      await insertLicence(sql, {
        agencyId,
        customerId,
        id: newId('licence'),
        kind: 'quantity',
        feature: pack.feature,
        quantity: pack.quantity,
        days: null,
        startsAt: now,
        expiresAt: pack.validDays === null ? null : daysAfter(now, pack.validDays),
        remarks: pack.title,
        source: 'pack',
        orderId,
        grantedBy: `order:${orderId}`,
        revokedAt: null,
        createdAt: now,
      });
    }
  },
  declined: async () => undefined,
});
