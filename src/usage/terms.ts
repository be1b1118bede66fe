import { Decimal } from 'decimal.js';
import { z } from 'zod';
import { carriedPlan } from '../catalog/carried-plan.ts';
import { builtInFeatures, type Feature, featureSchema } from '../catalog/features.ts';
import { type VersionDocument, versionDocumentSchema } from '../catalog/plan-document.ts';
import type { Sql } from '../database/database.ts';
import { Money } from '../money/money.ts';
import type { ProviderName } from '../providers/port.ts';
import type { RatingTerms } from './rating.ts';

/** A version of a plan, by whose terms a period is rated. */
export interface VersionKey {
  readonly planAgencyId: string;
  readonly planId: string;
  readonly planVersion: number;
  /** What that provider lacks of the plan is not in its terms: overage that it cannot invoice is drawn from the balance. */
  readonly carrier: ProviderName | null;
}

export type VersionTerms = Pick<
  VersionDocument,
  'usage' | 'frozen' | 'tax' | 'recurring' | 'limits' | 'pricingModel' | 'displayName'
>;

export interface Versions {
  /** In the order of the keys; null for null. */
  read(sql: Sql, keys: readonly (VersionKey | null)[]): Promise<readonly (VersionTerms | null)[]>;
}

const keptMax = 5_000;
const versionRows = z.array(
  z.object({ planAgencyId: z.string(), planId: z.string(), planVersion: z.number(), document: versionDocumentSchema }),
);

const documentNameOf = ({ planAgencyId, planId, planVersion }: Omit<VersionKey, 'carrier'>): string =>
  `${planAgencyId}|${planId}|${planVersion}`;

const nameOf = (key: VersionKey): string => `${documentNameOf(key)}|${key.carrier ?? ''}`;

/** Published versions never change, so that each is read once and kept. */
export function createVersions(): Versions {
  const kept = new Map<string, VersionTerms>();
  return {
    read: async (sql, keys) => {
      const missing = new Map(
        keys.flatMap((key) => (key === null || kept.has(nameOf(key)) ? [] : [[nameOf(key), key] as const])),
      );
      const found = missing.size === 0 ? new Map<string, VersionTerms>() : await load(sql, [...missing.values()]);
      const answer = keys.map((key) => {
        if (key === null) return null;
        const version = kept.get(nameOf(key)) ?? found.get(nameOf(key));
        if (!version) throw new Error(`version ${nameOf(key)} is sold and is not there`);
        return version;
      });
      if (kept.size + found.size > keptMax) kept.clear();
      for (const [name, version] of found) kept.set(name, version);
      return answer;
    },
  };
}

async function load(sql: Sql, keys: readonly VersionKey[]): Promise<Map<string, VersionTerms>> {
  const { rows } = await sql.query(
    `SELECT v.agency_id AS "planAgencyId", v.plan_id AS "planId", v.version AS "planVersion", v.document
       FROM plan_versions v
       JOIN unnest($1::text[], $2::text[], $3::int[]) AS wanted(agency_id, plan_id, version)
         ON wanted.agency_id = v.agency_id AND wanted.plan_id = v.plan_id AND wanted.version = v.version`,
    [
      keys.map(({ planAgencyId }) => planAgencyId),
      keys.map(({ planId }) => planId),
      keys.map(({ planVersion }) => planVersion),
    ],
  );
  const documents = new Map(versionRows.parse(rows).map(({ document, ...key }) => [documentNameOf(key), document]));
  return new Map(
    keys.flatMap((key) => {
      const document = documents.get(documentNameOf(key));
      if (!document) return [];
      return [[nameOf(key), key.carrier === null ? document : carriedPlan(document, key.carrier).plan]];
    }),
  );
}

export interface PeriodTerms extends RatingTerms {
  /** Who takes what overage costs: the balance at once, or the provider's next invoice. */
  readonly collect: 'balance' | 'invoice';
}

/** The terms of a feature; without a plan nothing is sold beyond what is included. */
export function termsOf(
  version: VersionTerms | null,
  feature: Pick<Feature, 'id' | 'aggregation'>,
  included: string,
): PeriodTerms {
  const line = version?.usage.find((each) => each.feature === feature.id);
  const price = version?.frozen?.usage.find((each) => each.feature === feature.id)?.price ?? null;
  return {
    included: new Decimal(included),
    price: price === null ? null : Money.of(price, 'USD'),
    tax: version?.tax ?? null,
    aggregation: line?.aggregation ?? feature.aggregation,
    collect: line?.collect ?? 'balance',
  };
}

const builtIn = new Map(builtInFeatures.map((feature) => [feature.id, feature]));
const ownRows = z.array(featureSchema.extend({ agencyId: z.string() }));

/** The features that are asked for, each by its agency and id; one that is not there is left out. */
export async function findFeatures(
  sql: Sql,
  wanted: readonly { readonly agencyId: string; readonly feature: string }[],
): Promise<(agencyId: string, feature: string) => Feature | undefined> {
  const own = wanted.filter(({ feature }) => !builtIn.has(feature));
  if (own.length === 0) return (_, feature) => builtIn.get(feature);
  const { rows } = await sql.query(
    `SELECT f.agency_id AS "agencyId", f.id, f.name, f.unit, f.kind, f.aggregation FROM features f
       JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS w(agency_id, id)) AS wanted
         ON wanted.agency_id = f.agency_id AND wanted.id = f.id`,
    [own.map(({ agencyId }) => agencyId), own.map(({ feature }) => feature)],
  );
  const found = new Map(ownRows.parse(rows).map(({ agencyId, ...feature }) => [`${agencyId}|${feature.id}`, feature]));
  return (agencyId, feature) => builtIn.get(feature) ?? found.get(`${agencyId}|${feature}`);
}
