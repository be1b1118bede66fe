import { useQuery } from '@tanstack/react-query';
import { answerOf, api } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';

/** Null where the client has none, which is no failure. */
async function orNone<Data>(code: string, asked: Promise<Data>): Promise<Data | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Refusal && error.code === code) return null;
    throw error;
  }
}

const named = (id: string) => ({ params: { path: { id } } });

export const useBalance = (id: string) =>
  useQuery({
    queryKey: ['client', id, 'balance'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/balance', named(id))),
  });

export const useEntitlements = (id: string) =>
  useQuery({
    queryKey: ['client', id, 'entitlements'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/entitlements', named(id))),
  });

export const useSubscription = (id: string) =>
  useQuery({
    queryKey: ['client', id, 'subscription'],
    queryFn: () => orNone('no_subscription', answerOf(api.GET('/v1/customers/{id}/subscription', named(id)))),
  });

export const useTrial = (id: string) =>
  useQuery({
    queryKey: ['client', id, 'trial'],
    queryFn: () => orNone('no_trial', answerOf(api.GET('/v1/customers/{id}/trial', named(id)))),
  });

export const useCards = (id: string) =>
  useQuery({
    queryKey: ['client', id, 'cards'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/payment-methods', named(id))),
  });

export const useCardChecks = (id: string) =>
  useQuery({
    queryKey: ['client', id, 'holds'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/card-verifications', named(id))),
  });

export const useAutoRefill = (id: string) =>
  useQuery({
    queryKey: ['client', id, 'refill'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/auto-refill', named(id))),
  });
