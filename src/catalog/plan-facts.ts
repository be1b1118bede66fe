import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { AppError, notFound } from '../errors.ts';
import type { Providers } from '../providers/port.ts';
import { carriersOf, ratesFor } from './carriers.ts';
import { type AccountLimits, checkPlan, type PlanFacts } from './check-plan.ts';
import { featureRegistry, featureSchema } from './features.ts';
import type { PlanDocument } from './plan-document.ts';

const featureRows = z.array(featureSchema);

async function planFacts(sql: Sql, providers: Providers, agencyId: string): Promise<PlanFacts> {
  const own = await sql.query('SELECT id, name, unit, kind, aggregation FROM features WHERE agency_id = $1', [
    agencyId,
  ]);
  const accounts = (await carriersOf(sql, agencyId)).flatMap((account): AccountLimits[] => {
    const checkout = providers[account.provider]?.checkout;
    if (!checkout) return [];
    return [
      {
        ...account,
        minimumCharge: checkout.minimumCharge(account.effectiveCurrency),
        maximumCharge: checkout.maximumCharge(account.effectiveCurrency),
      },
    ];
  });
  return { features: featureRegistry(featureRows.parse(own.rows)), rates: await ratesFor(sql, agencyId), accounts };
}

/** Throws `AppError` 422 with the code of the first rule broken and every problem's path; 404 for another agency's client. */
export async function refuseWrongPlan(
  sql: Sql,
  providers: Providers,
  agencyId: string,
  plan: PlanDocument,
): Promise<void> {
  const problems = checkPlan(plan, await planFacts(sql, providers, agencyId));
  const [first] = problems;
  if (first) {
    throw new AppError(
      422,
      first.code,
      first.message,
      problems.map(({ path, message }) => ({ path, message })),
    );
  }
  if (plan.customerId === null) return;
  const { rows } = await sql.query('SELECT 1 FROM customers WHERE agency_id = $1 AND id = $2', [
    agencyId,
    plan.customerId,
  ]);
  if (rows.length === 0) throw notFound('customer');
}
