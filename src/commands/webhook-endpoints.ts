import { createHash } from 'node:crypto';
import type { WebhookEndpoint, WebhookEndpointsPort } from '../providers/port.ts';

/** An endpoint as it should be at the provider. `setting` is where its secret belongs. */
export interface WantedEndpoint {
  readonly url: string;
  readonly connect: boolean;
  readonly setting: string;
  readonly eventTypes: readonly string[];
}

interface Described {
  readonly url: string;
  /** Why, as a few words for a person. */
  readonly reason: string;
}

export type EndpointChange = Described &
  (
    | { readonly action: 'create'; readonly wanted: WantedEndpoint }
    | { readonly action: 'update'; readonly existing: WebhookEndpoint; readonly wanted: WantedEndpoint }
    | { readonly action: 'disable'; readonly existing: WebhookEndpoint }
    | { readonly action: 'leave' }
  );

/** A new endpoint's secret, and the setting to put it in. */
export interface MadeSecret {
  readonly setting: string;
  readonly url: string;
  readonly secret: string;
}

const sameTypes = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((type) => right.includes(type));

/**
 * What to do so that each wanted endpoint is there once, enabled, with exactly its events, in our API version. The version of an
 * endpoint cannot be changed: a new one is made beside it, and the next run, when the new secret is in use, disables the old.
 */
export function planChanges(
  wanted: readonly WantedEndpoint[],
  existing: readonly WebhookEndpoint[],
  apiVersion: string,
): EndpointChange[] {
  return wanted.flatMap((endpoint) => {
    const atUrl = existing.filter(({ url }) => url === endpoint.url);
    const here = atUrl.filter(({ connect }) => connect === endpoint.connect);
    const speaking = here.filter((found) => found.apiVersion === apiVersion);
    // One that delivers is one whose secret is in use; a disabled twin would make it look missing.
    const current = speaking.find(({ enabled }) => enabled) ?? speaking[0];
    if (!current) {
      const old = here.map(({ apiVersion: version }) => version ?? 'the account’s').join(', ');
      const missing = old === '' ? 'not there yet' : `there in another API version (${old}), which cannot be changed`;
      const strangers = atUrl.filter((found) => !here.includes(found)).map(strangerText);
      const reason = [missing, ...strangers].join('; ');
      return [{ action: 'create', url: endpoint.url, reason, wanted: endpoint }];
    }
    const outdated = here.filter((found) => found.apiVersion !== apiVersion && found.enabled);
    return [
      changeOf(current, endpoint),
      ...outdated.map((found): EndpointChange => {
        const reason = `${found.id} of API version ${found.apiVersion ?? 'the account’s'} is replaced by ${current.id}`;
        return { action: 'disable', url: endpoint.url, reason, existing: found };
      }),
    ];
  });
}

/** An endpoint at our address that is left alone: what it hears cannot be changed, or is not known. */
const strangerText = ({ id, connect }: WebhookEndpoint): string => {
  if (connect === null) return `${id} at this address does not say which accounts it hears, and is left alone`;
  return `${id} at this address hears ${connect ? 'connected accounts' : 'the own account'} only, and is left alone`;
};

function changeOf(existing: WebhookEndpoint, wanted: WantedEndpoint): EndpointChange {
  const { url } = wanted;
  const reasons = [
    ...(existing.enabled ? [] : ['it is disabled']),
    ...(sameTypes(existing.eventTypes, wanted.eventTypes) ? [] : ['it hears other events']),
  ];
  if (reasons.length === 0) return { action: 'leave', url, reason: `${existing.id} is as it should be` };
  return { action: 'update', url, reason: `${existing.id}: ${reasons.join(', ')}`, existing, wanted };
}

/** Tries of one change. More than one is needed only where an earlier run's effect was undone by hand on the same day. */
const attemptsMax = 5;

/**
 * Carries the changes out, and hands over each secret as soon as it is made, for what fails after it must not lose it. Keys are
 * made of what is asked for, so that a run whose answer was lost can be repeated: the same key gives the same endpoint and
 * secret. A key whose effect was undone since answers with what is no longer so; then the next attempt's key does it anew.
 */
export async function applyChanges(
  port: WebhookEndpointsPort,
  changes: readonly EndpointChange[],
  onSecret: (made: MadeSecret) => void,
): Promise<void> {
  for (const change of changes) {
    if (change.action === 'create') onSecret(await create(port, change.wanted));
    if (change.action === 'update') await update(port, change.existing.id, change.wanted.eventTypes, true);
    if (change.action === 'disable') await update(port, change.existing.id, change.existing.eventTypes, false);
  }
}

async function create(port: WebhookEndpointsPort, wanted: WantedEndpoint): Promise<MadeSecret> {
  const { url, connect, setting, eventTypes } = wanted;
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const idempotencyKey = keyOf('create', attempt, { url, connect, eventTypes });
    const { endpoint, secret } = await port.create({ url, connect, eventTypes }, { idempotencyKey });
    if ((await port.list()).some(({ id }) => id === endpoint.id)) return { setting, url, secret };
  }
  throw new Error(`The endpoint ${url} was made and is not there: look at the provider's dashboard.`);
}

async function update(
  port: WebhookEndpointsPort,
  id: string,
  eventTypes: readonly string[],
  enabled: boolean,
): Promise<void> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    await port.update(
      id,
      { eventTypes, enabled },
      { idempotencyKey: keyOf('update', attempt, { id, eventTypes, enabled }) },
    );
    const now = (await port.list()).find((endpoint) => endpoint.id === id);
    if (now && now.enabled === enabled && sameTypes(now.eventTypes, eventTypes)) return;
  }
  throw new Error(`The endpoint ${id} does not take its change: look at the provider's dashboard.`);
}

const keyOf = (action: string, attempt: number, content: object): string =>
  `baisa:webhooks:${action}:${createHash('sha256').update(JSON.stringify(content)).digest('hex')}:${attempt}`;
