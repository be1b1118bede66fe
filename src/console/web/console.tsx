import { type QueryCache, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { Route, Routes, useLocation } from 'react-router';
import { useLiveUpdates } from './api/live.ts';
import { Refusal } from './api/refusal.ts';
import { readSession, type Session, signOut } from './api/session.ts';
import { sandboxUrl, start } from './shell/app.tsx';
import { Frame, type Section } from './shell/frame.tsx';
import { Guard } from './shell/guard.tsx';
import { SessionContext } from './shell/session-context.ts';
import { SignIn } from './shell/sign-in.tsx';
import { Empty, Failure, Loading, PageTitle } from './shell/states.tsx';

const Overview = lazy(() => import('./pages/overview.tsx'));
const Clients = lazy(() => import('./pages/clients.tsx'));
const Client = lazy(() => import('./pages/client.tsx'));
const Plans = lazy(() => import('./pages/plans.tsx'));
const Plan = lazy(() => import('./pages/plan.tsx'));
const PlanEditor = lazy(() => import('./pages/plan-editor.tsx'));
const Agencies = lazy(() => import('./pages/agencies.tsx'));
const Agency = lazy(() => import('./pages/agency.tsx'));
const Publication = lazy(() => import('./pages/publication.tsx'));
const Accounts = lazy(() => import('./pages/accounts.tsx'));
const Events = lazy(() => import('./pages/events.tsx'));
const Payments = lazy(() => import('./pages/payments.tsx'));
const Payment = lazy(() => import('./pages/payment.tsx'));
const Reversals = lazy(() => import('./pages/reversals.tsx'));
const Reconciliation = lazy(() => import('./pages/reconciliation.tsx'));
const Sandbox = lazy(() => import('./pages/sandbox.tsx'));
const Webhooks = lazy(() => import('./pages/webhooks.tsx'));
const Keys = lazy(() => import('./pages/keys.tsx'));
const Audit = lazy(() => import('./pages/audit.tsx'));

const sections: readonly Section[] = [
  { path: '/', label: 'Overview' },
  { path: '/clients', label: 'Clients' },
  { path: '/payments', label: 'Payments' },
  { path: '/reversals', label: 'Refunds and disputes' },
  { path: '/plans', label: 'Plans' },
  { path: '/publication', label: 'Publication' },
  { path: '/accounts', label: 'Merchant accounts' },
  { path: '/events', label: 'Events', platformOnly: true },
  { path: '/reconciliation', label: 'Reconciliation', platformOnly: true },
  { path: '/webhooks', label: 'Webhooks' },
  { path: '/keys', label: 'API keys', platformOnly: true },
  { path: '/audit', label: 'Audit trail' },
  { path: '/agencies', label: 'Agencies', platformOnly: true },
  { path: '/settings', label: 'Settings' },
  // Where money is real there is none.
  ...(sandboxUrl === '' ? [] : [{ path: '/sandbox', label: 'Sandbox', platformOnly: true }]),
];

function Absent() {
  return (
    <>
      <PageTitle>Not found</PageTitle>
      <Empty title="There is no such page." />
    </>
  );
}

/** Pages are told of changes only while somebody is signed in. */
function Told({ children }: { readonly children: ReactNode }) {
  useLiveUpdates('/console/updates');
  return children;
}

function Console() {
  const { pathname } = useLocation();
  const queries = useQueryClient();
  const asked = useQuery({ queryKey: ['session'], queryFn: readSession, staleTime: Number.POSITIVE_INFINITY });
  const [left, setLeft] = useState(false);
  const session: Session | null = left ? null : (asked.data ?? null);

  // Whoever is told at any question that the session is over is asked for a key again.
  useEffect(() => {
    const cache: QueryCache = queries.getQueryCache();
    return cache.subscribe(({ query }) => {
      const { error } = query.state;
      if (error instanceof Refusal && error.status === 401) setLeft(true);
    });
  }, [queries]);

  if (asked.isPending) return <Loading />;
  if (asked.isError) return <Failure error={asked.error} retry={() => void asked.refetch()} />;
  const begin = (opened: Session): void => {
    // What somebody else was shown is not for whoever signs in next.
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
    queries.setQueryData(['session'], opened);
    setLeft(false);
  };
  if (!session) return <SignIn onSignedIn={begin} />;
  const leave = async (): Promise<void> => {
    await signOut();
    setLeft(true);
  };
  return (
    <SessionContext value={session}>
      <Frame session={session} sections={sections} onSignOut={() => void leave()}>
        <Told>
          <Suspense fallback={<Loading />}>
            <Guard key={pathname}>
              <Routes>
                <Route index element={<Overview />} />
                <Route path="clients" element={<Clients />} />
                <Route path="clients/:id" element={<Client />} />
                <Route path="plans" element={<Plans />} />
                <Route path="plans/new" element={<PlanEditor />} />
                <Route path="plans/:id" element={<Plan />} />
                <Route path="plans/:id/edit" element={<PlanEditor />} />
                <Route path="agencies" element={<Agencies />} />
                <Route path="agencies/:id" element={<Agency />} />
                <Route path="settings" element={<Agency />} />
                <Route path="publication" element={<Publication />} />
                <Route path="accounts" element={<Accounts />} />
                <Route path="events" element={<Events />} />
                <Route path="payments" element={<Payments />} />
                <Route path="payments/:id" element={<Payment />} />
                <Route path="reversals" element={<Reversals />} />
                <Route path="reconciliation" element={<Reconciliation />} />
                <Route path="sandbox" element={<Sandbox />} />
                <Route path="webhooks" element={<Webhooks />} />
                <Route path="keys" element={<Keys />} />
                <Route path="audit" element={<Audit />} />
                <Route path="*" element={<Absent />} />
              </Routes>
            </Guard>
          </Suspense>
        </Told>
      </Frame>
    </SessionContext>
  );
}

start(new URL(document.baseURI).pathname.replace(/\/$/, ''), <Console />);
