import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createCatalog } from '../catalog/catalog.ts';
import { createOffers } from '../catalog/offers.ts';
import { createAdjustBalance } from '../checkout/adjust-balance.ts';
import { createFindOrder } from '../checkout/find-orders.ts';
import { createQuoteTopUp } from '../checkout/quote-top-up.ts';
import { createStartTopUp } from '../checkout/start-top-up.ts';
import { systemClock } from '../clock.ts';
import { openDatabase } from '../database/database.ts';
import { createInbox } from '../delivery/inbox.ts';
import { jobs } from '../delivery/jobs.ts';
import { openApiDocument } from '../http/openapi.ts';
import { createRoutes } from '../http/routes/all.ts';
import { createLedger } from '../ledger/ledger.ts';
import { createMerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { createOperationStore } from '../providers/operation.store.ts';
import { apiKeyHasher } from '../tenancy/api-key.ts';

/** The committed document. */
export const documentFile = fileURLToPath(new URL('../../docs/openapi.json', import.meta.url));

/** The document as text, from the declared routes. Nothing is connected to: a pool opens its connections when first used. */
export async function renderDocument(): Promise<string> {
  const database = openDatabase('postgresql://localhost/unused');
  try {
    const { pool, prisma } = database;
    const clock = systemClock;
    const operations = { store: createOperationStore(pool), clock };
    const providers = {};
    const merchantAccounts = createMerchantAccounts({ database, clock, platformAgencyId: 'unused' });
    const ledger = createLedger({ pool, clock });
    const routes = createRoutes({
      prisma,
      clock,
      hash: apiKeyHasher('unused'),
      catalog: createCatalog({ database, clock, providers, operations, jobs, planUses: [] }),
      offers: createOffers({ database, clock, jobs }),
      ledger,
      adjustBalance: createAdjustBalance({ ledger, merchantAccounts }),
      inbox: createInbox({ pool, clock }),
      wakeInbox: () => undefined,
      quoteTopUp: createQuoteTopUp({ database, clock, providers, merchantAccounts }),
      startTopUp: createStartTopUp({ database, clock, providers, merchantAccounts, operations, publicUrl: 'unused' }),
      findOrder: createFindOrder(database),
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
