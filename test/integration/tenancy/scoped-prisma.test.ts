import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Prisma } from '../../../src/database/generated/client.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { scoped, tenantColumns } from '../../../src/tenancy/scoped-prisma.ts';
import { type Service, startService } from '../http/tenants.ts';

let service: Service;
let client: ReturnType<typeof scoped>;
let portal: ReturnType<typeof scoped>;

beforeAll(async () => {
  service = await startService();
  client = scoped(service.prisma, service.first.scope);
  const { agency, customer } = service.first;
  portal = scoped(service.prisma, { role: 'portal', agencyId: agency.id, customerId: customer.id });
});
afterAll(() => service.stop());

const schemaFile = fileURLToPath(new URL('../../../prisma/schema.prisma', import.meta.url));

/** Model -> its lines, as the schema has them. */
async function schemaModels(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(schemaFile, 'utf8');
  return new Map(
    [...text.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)].map(([, name, body]) => [name ?? '', body ?? '']),
  );
}

describe('the table of tenant columns', () => {
  test('has every model of the schema', async () => {
    const models = await schemaModels();
    expect(Object.keys(tenantColumns).sort()).toEqual([...models.keys()].sort());
    expect(Object.keys(Prisma.ModelName).sort()).toEqual([...models.keys()].sort());
  });

  test('names columns that are there, and the customer wherever a required column names one', async () => {
    for (const [model, body] of await schemaModels()) {
      const columns = Object.entries(tenantColumns).find(([name]) => name === model)?.[1];
      if (!columns || columns === 'internal') continue;
      expect(body, model).toMatch(new RegExp(`^ +${columns.agency} +String`, 'm'));
      if (columns.portal) expect(body, model).toMatch(new RegExp(`^ +${columns.portal} +String`, 'm'));
      if (/^ +customerId +String +@/m.test(body)) expect(columns.portal, model).toBe('customerId');
    }
  });

  test('covers every way from row to row: no model reaches another by a relation', async () => {
    for (const [model, body] of await schemaModels()) expect(body, model).not.toContain('@relation');
  });
});

describe("an agency's client", () => {
  const other = () => service.second.customer;
  const key = (customer: { readonly agencyId: string; readonly id: string }) => ({
    agencyId_id: { agencyId: customer.agencyId, id: customer.id },
  });

  test('finds its own rows, and another tenant’s by no kind of read', async () => {
    const own = service.first.customer;
    expect(await client.customer.findUnique({ where: key(own) })).toMatchObject({ id: own.id });
    expect(await client.customer.findUnique({ where: key(other()) })).toBeNull();
    expect(await client.customer.findFirst({ where: { id: other().id } })).toBeNull();
    expect(await client.customer.findMany({ where: { OR: [{ id: other().id }, { id: own.id }] } })).toHaveLength(1);
    expect(await client.customer.findMany({ where: { AND: { id: other().id } } })).toEqual([]);
    expect(await client.customer.findMany({ where: { NOT: { id: own.id } } })).toEqual([]);
    expect(await client.customer.findMany()).toHaveLength(1);
    expect(await client.customer.count()).toBe(1);
    expect(await client.customer.aggregate({ _count: { _all: true } })).toMatchObject({ _count: { _all: 1 } });
    expect(await client.customer.groupBy({ by: ['agencyId'] })).toEqual([{ agencyId: own.agencyId }]);
    await expect(client.customer.findUniqueOrThrow({ where: key(other()) })).rejects.toThrow();
    await expect(client.customer.findFirstOrThrow({ where: { id: other().id } })).rejects.toThrow();
    expect(await client.agency.findMany()).toMatchObject([{ id: own.agencyId }]);
  });

  test('cannot change or delete another tenant’s row', async () => {
    await expect(client.customer.update({ where: key(other()), data: { name: 'x' } })).rejects.toThrow();
    expect(await client.customer.updateMany({ where: { id: other().id }, data: { name: 'x' } })).toEqual({ count: 0 });
    expect(await client.customer.updateManyAndReturn({ where: { id: other().id }, data: { name: 'x' } })).toEqual([]);
    await expect(client.customer.delete({ where: key(other()) })).rejects.toThrow();
    expect(await client.customer.deleteMany({ where: { id: other().id } })).toEqual({ count: 0 });
    const row = await service.prisma.customer.findFirst({ where: { id: other().id } });
    expect(row?.name).toBe(other().name);
  });

  test('cannot make a row of another tenant, nor give its own away', async () => {
    const row = { id: 'cus_made', name: 'x', email: 'x@example.com', createdAt: new Date(0) };
    const { agencyId } = other();
    await expect(client.customer.create({ data: { ...row, agencyId } })).rejects.toThrow('another tenant');
    await expect(client.customer.createMany({ data: [{ ...row, agencyId }] })).rejects.toThrow('another tenant');
    await expect(client.customer.createManyAndReturn({ data: { ...row, agencyId } })).rejects.toThrow('another tenant');
    const upsert = client.customer.upsert({ where: key(other()), create: { ...row, agencyId }, update: {} });
    await expect(upsert).rejects.toThrow('another tenant');
    const own = service.first.customer;
    await expect(client.customer.update({ where: key(own), data: { agencyId } })).rejects.toThrow('another tenant');
    await expect(client.customer.updateMany({ data: { agencyId: { set: agencyId } } })).rejects.toThrow(
      'another tenant',
    );
  });

  test('stays limited inside a transaction, and has no raw SQL', async () => {
    const inside = await client.$transaction((db) => db.customer.findMany());
    expect(inside).toHaveLength(1);
    await expect(client.$queryRaw`SELECT 1`).rejects.toThrow('not open');
    await expect(client.$executeRawUnsafe('SELECT 1')).rejects.toThrow('not open');
  });

  test('is refused what the service keeps for itself', async () => {
    await expect(client.inboxEvent.findMany()).rejects.toThrow('not open');
    await expect(client.installation.findFirst()).rejects.toThrow('not open');
    await expect(client.ledgerEntry.findMany()).rejects.toThrow('not open');
  });
});

describe("a customer's client", () => {
  test('sees itself, and neither its agency’s other customers nor what belongs to no customer', async () => {
    const { agency, customer } = service.first;
    await service.prisma.customer.create({
      data: { agencyId: agency.id, id: 'cus_neighbour', name: 'n', email: 'n@example.com', createdAt: new Date(0) },
    });
    expect(await portal.customer.findMany()).toMatchObject([{ id: customer.id }]);
    expect(await portal.customer.findFirst({ where: { id: 'cus_neighbour' } })).toBeNull();
    expect(await portal.order.findMany()).toEqual([]);
    await expect(portal.apiKey.findMany()).rejects.toThrow('not open');
    await expect(portal.agency.findMany()).rejects.toThrow('not open');
  });
});

test('the platform’s client sees every tenant', async () => {
  const platform: Scope = { role: 'platform', keyId: 'key_x' };
  const seen = await scoped(service.prisma, platform).customer.findMany({ select: { agencyId: true } });
  expect(seen.map(({ agencyId }) => agencyId)).toEqual(
    expect.arrayContaining([service.first.agency.id, service.second.agency.id]),
  );
});
