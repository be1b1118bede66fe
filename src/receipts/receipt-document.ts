import { z } from 'zod';

/** Each kind has numbers of its own, in each agency. A statement is of one client and one month. */
export const receiptKinds = ['receipt', 'credit_note', 'statement'] as const;
export type ReceiptKind = (typeof receiptKinds)[number];

const row = z.object({ label: z.string(), value: z.string() });
const party = z.object({ name: z.string(), contact: z.array(z.string()) });

/** All that is printed, word for word, frozen when the number is given: what is changed later of a client or an agency changes no receipt. */
export const receiptDocumentSchema = z.object({
  title: z.string(),
  /** E.g. `R-000001`. */
  number: z.string(),
  /** A UTC date. */
  issuedOn: z.string(),
  seller: party,
  client: party,
  sections: z.array(z.object({ title: z.string(), rows: z.array(row) })),
  /** At the foot: where to ask. */
  support: z.string(),
});

export type ReceiptDocument = z.output<typeof receiptDocumentSchema>;
export type Row = z.output<typeof row>;
export type Section = ReceiptDocument['sections'][number];

const titles: Readonly<Record<ReceiptKind, { readonly title: string; readonly letter: string }>> = {
  receipt: { title: 'Receipt', letter: 'R' },
  credit_note: { title: 'Credit note', letter: 'C' },
  statement: { title: 'Statement', letter: 'S' },
};

export const titleOf = (kind: ReceiptKind): string => titles[kind].title;

export const numberOf = (kind: ReceiptKind, number: bigint): string =>
  `${titles[kind].letter}-${String(number).padStart(6, '0')}`;

/** Who sells and who bought, as they were when the number was given. */
export interface Parties {
  readonly sellerName: string;
  readonly sellerEmail: string;
  readonly sellerCountry: string;
  readonly support: { readonly email?: string | undefined; readonly url?: string | undefined } | undefined;
  readonly clientName: string;
  readonly clientEmail: string;
}

export function documentOf(
  kind: ReceiptKind,
  number: bigint,
  issuedAt: Date,
  parties: Parties,
  sections: readonly Section[],
): ReceiptDocument {
  const support = [parties.support?.email ?? parties.sellerEmail, parties.support?.url].filter((each) => each);
  return {
    title: titleOf(kind),
    number: numberOf(kind, number),
    issuedOn: issuedAt.toISOString().slice(0, 10),
    seller: { name: parties.sellerName, contact: [parties.sellerEmail, parties.sellerCountry] },
    client: { name: parties.clientName, contact: [parties.clientEmail] },
    sections: sections.filter(({ rows }) => rows.length > 0),
    support: `Questions? ${parties.sellerName}: ${support.join(', ')}`,
  };
}
