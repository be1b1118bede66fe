import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Catalog } from './catalog/catalog.ts';
import { parsePlansFile } from './catalog/plans-file.ts';
import type { TenancyDependencies } from './tenancy/agency.ts';
import { createAgency } from './tenancy/create-agency.ts';
import { createCustomer } from './tenancy/create-customer.ts';
import type { Scope } from './tenancy/scope.ts';

const plansFile = fileURLToPath(new URL('./catalog/demo-plans.yaml', import.meta.url));

const asPlatform: Scope = { role: 'platform', keyId: 'start' };

/**
 * Gives an empty sandbox something to look at: an agency, a client and the plans of the seed documents, published. An
 * installation that has an agency, or had one, is left alone. A start that was killed in between goes on where it was.
 */
export async function seedDemo(
  dependencies: TenancyDependencies & { readonly catalog: Catalog; readonly platform: { readonly id: string } },
): Promise<void> {
  const { prisma, catalog } = dependencies;
  const others = await prisma.agency.findMany({ where: { isPlatform: false }, take: 2 });
  const [only] = others;
  if (others.length > 1 || (only && only.email !== demoAgency.email)) return;
  const agency = only ?? (await createAgency(dependencies, asPlatform, { ...demoAgency, requestId: undefined }));

  if ((await prisma.customer.count({ where: { agencyId: agency.id } })) === 0) {
    await createCustomer(dependencies, asPlatform, {
      agencyId: agency.id,
      name: 'Salma Trading',
      email: 'salma@client.example',
      externalId: 'demo',
      collection: 'card',
      requestId: undefined,
    });
  }
  const existing = new Set(
    (await prisma.plan.findMany({ where: { agencyId: agency.id }, select: { name: true } })).map(({ name }) => name),
  );
  for (const { plan } of parsePlansFile(await readFile(plansFile, 'utf8'), 'demo-plans.yaml')) {
    if (!existing.has(plan.name))
      await catalog.createPlan(asPlatform, { ...plan, agencyId: agency.id, publish: true }, undefined);
  }
}

const demoAgency = {
  name: 'Demo Agency',
  email: 'demo@agency.example',
  country: 'OM',
  settings: { support: { email: 'support@agency.example' } },
};
