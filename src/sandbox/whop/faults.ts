import { z } from 'zod';

const apiFault = z
  .strictObject({
    status: z.union([z.literal(429), z.literal(500)]).optional(),
    cut: z.enum(['before', 'after']).optional(),
    route: z.string().startsWith('/').optional(),
    method: z.enum(['GET', 'POST', 'PATCH', 'DELETE']).optional(),
    times: z.int().min(1).optional(),
  })
  .refine(({ status, cut }) => (status === undefined) !== (cut === undefined), 'give one of status and cut');

/** The body of `PUT /sandbox/whop/faults`; see this folder's README for what each does. */
export const whopFaultsSchema = z.strictObject({
  duplicateDeliveries: z.int().min(0).max(10).optional(),
  reorderDeliveries: z.boolean().optional(),
  delayDeliveriesMs: z.int().min(0).optional(),
  dropDeliveries: z.boolean().optional(),
  api: apiFault.optional(),
});

export type WhopFaults = z.output<typeof whopFaultsSchema>;
export type WhopApiFault = z.output<typeof apiFault>;

/** The faults that are switched on now. Not kept over a restart: a restarted sandbox behaves. */
export class WhopFaultSwitch {
  #faults: WhopFaults = {};
  #apiTimesLeft = 0;

  get current(): WhopFaults {
    return this.#faults;
  }

  set(faults: WhopFaults): void {
    this.#faults = faults;
    this.#apiTimesLeft = faults.api?.times ?? Number.POSITIVE_INFINITY;
  }

  /** The fault that this call meets, used up by meeting it. `path` is without `/whop/api/v1`. */
  takeApiFault(method: string, path: string): WhopApiFault | undefined {
    const fault = this.#faults.api;
    if (!fault || this.#apiTimesLeft <= 0) return undefined;
    if (fault.method !== undefined && fault.method !== method) return undefined;
    if (fault.route !== undefined && !path.startsWith(fault.route)) return undefined;
    this.#apiTimesLeft -= 1;
    return fault;
  }
}
