import { type ContractRun, need, type TestCard } from './contract-run.ts';

export interface Cardholder {
  readonly providerCustomerId: string;
  readonly cardId: string;
}

export async function makeCustomer(run: ContractRun): Promise<string> {
  const customerId = run.name('customer');
  const { id } = await need(run.subject.provider.checkout, 'checkout').createCustomer(
    run.account,
    { customerId, name: 'Salma Al-Harthy', email: `${customerId}@example.com` },
    run.once(),
  );
  const { removeCustomer } = run.subject;
  if (removeCustomer) run.undoLater(() => removeCustomer(id));
  return id;
}

export const attachCard = (run: ContractRun, providerCustomerId: string, card: TestCard = 'pays'): Promise<string> =>
  need(run.subject.cards, 'hands for cards').attach(providerCustomerId, card);

/** A customer with one saved card. */
export async function makeCardholder(run: ContractRun, card: TestCard = 'pays'): Promise<Cardholder> {
  const providerCustomerId = await makeCustomer(run);
  return { providerCustomerId, cardId: await attachCard(run, providerCustomerId, card) };
}
