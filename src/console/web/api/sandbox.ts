import { csrfHeader, refusalOf, serviceUrl } from './client.ts';
import { Refusal } from './refusal.ts';

export interface Clock {
  readonly now: string;
}

/** As the sandbox takes them; what is left out is off. */
export interface Faults {
  readonly duplicateDeliveries?: number;
  readonly reorderDeliveries?: boolean;
  readonly delayDeliveriesMs?: number;
  readonly dropDeliveries?: number;
  readonly api?: {
    readonly status?: number;
    readonly cut?: 'before' | 'after';
    readonly times?: number;
  };
}

export interface Delivery {
  readonly id: number;
  readonly eventId: string;
  readonly type: string | null;
  readonly account: string;
  readonly status: string;
  readonly attempts: number;
  readonly dueAt: string;
  readonly lastResult: string | null;
}

export interface Deliveries {
  readonly inFlight: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly data: readonly Delivery[];
}

export interface TestCards {
  readonly data: readonly { readonly number: string; readonly label: string }[];
}

/** What each of the sandbox's controls answers, told by a field that it always has. */
const isClock = (given: object): given is Clock => 'now' in given;
const isFaults = (_given: object): _given is Faults => true;
const isDeliveries = (given: object): given is Deliveries => 'inFlight' in given && 'data' in given;
const isTestCards = (given: object): given is TestCards => 'data' in given;

async function call<Answer>(
  name: string,
  is: (given: object) => given is Answer & object,
  init: RequestInit = {},
): Promise<Answer> {
  const response = await fetch(`${serviceUrl}/console/sandbox/${name}`, init);
  if (!response.ok) throw await refusalOf(response);
  const body: unknown = await response.json();
  if (typeof body !== 'object' || body === null || !is(body)) throw new Refusal(response.status, {});
  return body;
}

const sent = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'Content-Type': 'application/json', ...csrfHeader() },
  body: JSON.stringify(body),
});

/** The sandbox's controls, of which the service lets the platform's session use these. */
export const sandbox = {
  clock: () => call('clock', isClock),
  moveClock: (move: { readonly advance: string } | { readonly to: string }) =>
    call('clock', isClock, sent('POST', move)),
  faults: () => call('faults', isFaults),
  setFaults: (faults: Faults) => call('faults', isFaults, sent('PUT', faults)),
  deliveries: () => call('deliveries', isDeliveries),
  testCards: () => call('test-cards', isTestCards),
};
