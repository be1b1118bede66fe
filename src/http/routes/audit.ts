import { z } from 'zod';
import type { PrismaClient } from '../../database/generated/client.ts';
import { type AuditEntry, auditEntrySchema, listAuditEntries } from '../../tenancy/audit.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { isoTime } from '../schemas.ts';

export interface AuditRouteDependencies {
  readonly prisma: PrismaClient;
}

const entryAnswer = auditEntrySchema.extend({ at: isoTime }).meta({
  id: 'AuditEntry',
  description: '`before` and `after` hold the fields that changed; null where there was or is nothing.',
});

const entryJson = (entry: AuditEntry) => ({ ...entry, at: entry.at.toISOString() });

/** Who changed what, when, from what to what. */
export function createAuditRoutes(dependencies: AuditRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/audit',
      summary: 'Who changed what, newest first',
      description:
        'Changes of plans and offers, keys and portal tokens issued and revoked, agencies and clients disabled and enabled, and ' +
        '`access.refused`: calls that were refused, with their `code` and the ids they named. An entry is never changed or removed.',
      tag: 'Audit',
      roles: ['platform', 'agency'],
      query: z.strictObject({
        ...pageQuery,
        subject: z.string().min(1).max(100).optional().meta({
          description:
            'The id of what was changed (a plan, or the customer or agency whose offers they are); of the key or token that was refused.',
        }),
      }),
      responses: { 200: pageAnswer(entryAnswer) },
      handle: async ({ scope, query: { limit, after, subject } }) => {
        const page = { limit: limit + 1, after: decodeCursor(after) };
        const { data, next } = pageOf(
          await listAuditEntries(dependencies, scope, { subject }, page),
          limit,
          (entry) => entry.id,
        );
        return { status: 200, body: { data: data.map(entryJson), next } };
      },
    }),
  ];
}
