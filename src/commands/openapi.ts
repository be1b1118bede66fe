import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../clock.ts';
import { openDatabase } from '../database/database.ts';
import { createInbox } from '../delivery/inbox.ts';
import { openApiDocument } from '../http/openapi.ts';
import { createRoutes } from '../http/routes/all.ts';
import { createLogger } from '../log.ts';
import { createMerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { resolveAll } from '../outgoing/address.ts';
import { createSender } from '../outgoing/send.ts';
import { createRooms } from '../rooms.ts';
import { apiKeyHasher } from '../tenancy/api-key.ts';
import { createPortal } from '../tenancy/portal.ts';
import { sealerOf } from '../tenancy/sealed.ts';

/** The committed document. */
export const documentFile = fileURLToPath(new URL('../../docs/openapi.json', import.meta.url));

/** The document as text, from the declared routes. Nothing is connected to: a pool opens its connections when first used. */
export async function renderDocument(): Promise<string> {
  const database = openDatabase('postgresql://localhost/unused');
  try {
    const { pool, prisma } = database;
    const clock = systemClock;
    const hash = apiKeyHasher('unused');
    const merchantAccounts = createMerchantAccounts({ database, clock, platformAgencyId: 'unused' });
    const log = createLogger('silent');
    const inbox = createInbox({ pool, clock });
    const routes = createRoutes({
      prisma,
      clock,
      hash,
      portal: createPortal({ database, clock, hash, publicUrl: 'unused' }),
      ...createRooms({
        backfill: {
          inbox,
          eventTypes: [],
          eventsHandled: async () => new Set(),
          onFinding: () => undefined,
          askAccount: async () => [],
        },
        database,
        clock,
        providers: {},
        merchantAccounts,
        defaultTerms: { chargeCurrency: 'OMR', usdRate: '0.385' },
        sign: (text) => text,
        sealer: sealerOf('unused'),
        sender: createSender({ allowPrivateAddresses: false, resolve: resolveAll }),
        webhooksAllowPrivateAddresses: false,
        mailer: null,
        publicUrl: 'unused',
        log,
      }),
      inbox,
      wakeInbox: () => undefined,
    });
    return `${JSON.stringify(openApiDocument(routes), null, 2)}\n`;
  } finally {
    await database.close();
  }
}

if (import.meta.main) {
  await writeFile(documentFile, await renderDocument());
  console.log(`Wrote ${documentFile}`);
}
