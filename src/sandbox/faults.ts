import { z } from 'zod';

const apiFault = z
  .strictObject({
    status: z.union([z.literal(429), z.literal(500)]).optional(),
    cut: z.enum(['before', 'after']).optional(),
    delayMs: z.int().min(1).max(10_000).optional(),
    account: z.string().startsWith('acct_').optional(),
    route: z.string().startsWith('/v1').optional(),
    routeEnd: z.string().startsWith('/').optional(),
    method: z.enum(['GET', 'POST', 'DELETE']).optional(),
    times: z.int().min(1).optional(),
    storeResult: z.boolean().optional(),
  })
  .refine(
    ({ status, cut, delayMs }) => [status, cut, delayMs].filter((given) => given !== undefined).length === 1,
    'give one of status, cut and delayMs',
  )
  .refine((fault) => !fault.storeResult || fault.status === 500, 'only a 500 can be stored');

/** The body of `PUT /sandbox/faults`; see this folder's README for what each does. */
export const faultsSchema = z.strictObject({
  seed: z.int().optional(),
  duplicateDeliveries: z.int().min(0).max(10).optional(),
  reorderDeliveries: z.boolean().optional(),
  delayDeliveriesMs: z.int().min(0).optional(),
  dropDeliveries: z.number().min(0).max(1).optional(),
  holdReleaseSurfacesAsRefund: z.boolean().optional(),
  api: apiFault.optional(),
});

export type Faults = z.output<typeof faultsSchema>;
export type ApiFault = z.output<typeof apiFault>;

/** What decides whether a call meets the fault. */
interface FaultyCall {
  readonly accountId: string;
  readonly method: string;
  readonly path: string;
}

/** Mulberry32: small, and the same numbers for the same seed, so that a run with faults can be repeated. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The faults that are switched on now. Not kept over a restart: a restarted sandbox behaves. */
export class FaultSwitch {
  #faults: Faults = {};
  #random = seededRandom(1);
  #apiTimesLeft = 0;

  get current(): Faults {
    return this.#faults;
  }

  set(faults: Faults): void {
    this.#faults = faults;
    this.#random = seededRandom(faults.seed ?? 1);
    this.#apiTimesLeft = faults.api?.times ?? Number.POSITIVE_INFINITY;
  }

  /** The fault that this API call meets, used up by meeting it. */
  takeApiFault({ accountId, method, path }: FaultyCall): ApiFault | undefined {
    const fault = this.#faults.api;
    if (!fault || this.#apiTimesLeft <= 0) return undefined;
    if (fault.account !== undefined && fault.account !== accountId) return undefined;
    if (fault.method !== undefined && fault.method !== method) return undefined;
    if (fault.route !== undefined && !path.startsWith(fault.route)) return undefined;
    if (fault.routeEnd !== undefined && !path.endsWith(fault.routeEnd)) return undefined;
    this.#apiTimesLeft -= 1;
    return fault;
  }

  dropsThisDelivery(): boolean {
    const share = this.#faults.dropDeliveries ?? 0;
    return share > 0 && this.#random() < share;
  }

  /** Fisher-Yates over a copy. */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const rest = [...items];
    const mixed: Item[] = [];
    while (rest.length > 0) mixed.push(...rest.splice(Math.floor(this.#random() * rest.length), 1));
    return mixed;
  }
}
