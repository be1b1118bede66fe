import { z } from 'zod';
import { type Customer as CustomerRow, Prisma } from '../database/generated/client.ts';
import { type AppError, conflict } from '../errors.ts';

/** How a client pays what it subscribes to: by card at the provider, or outside, recorded by hand. */
export const collectionSchema = z.enum(['card', 'offline']);

export type Collection = z.output<typeof collectionSchema>;

/** A client of an agency: who uses, pays and has a balance. */
export interface Customer {
  readonly id: string;
  readonly agencyId: string;
  readonly name: string;
  readonly email: string;
  /** The agency's own name for it, unique within the agency. */
  readonly externalId: string | null;
  readonly collection: Collection;
  readonly disabled: boolean;
  readonly createdAt: Date;
}

export function customerOfRow(row: CustomerRow): Customer {
  return {
    id: row.id,
    agencyId: row.agencyId,
    name: row.name,
    email: row.email,
    externalId: row.externalId,
    collection: collectionSchema.parse(row.collection),
    disabled: row.disabledAt !== null,
    createdAt: row.createdAt,
  };
}

export const externalIdTaken = (): AppError =>
  conflict('external_id_taken', 'Another customer of this agency has this externalId.');

/** PostgreSQL refused a second row with the same unique values (Prisma error reference, P2002). */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
