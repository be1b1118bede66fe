import { invalidField } from '../errors.ts';
import { ProviderError } from '../providers/errors.ts';

/**
 * What a provider refuses about the request and not about us (docs.stripe.com/error-codes): its own limits differ from account to
 * account. The refused order expires by itself.
 */
const refusedFields: Readonly<Record<string, { readonly path: string; readonly message: string }>> = {
  amount_too_small: { path: 'amount.amount', message: 'The payment provider does not charge so little.' },
  amount_too_large: { path: 'amount.amount', message: 'The payment provider does not charge so much at once.' },
  email_invalid: {
    path: 'customerId',
    message: 'The payment provider does not take this client’s e-mail address: correct it first.',
  },
};

/** Throws `AppError` 422 that names the field for a refusal of the request; every other error as it is. */
export async function namingTheField<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind !== 'invalid') throw error;
    const { code } = error.detail;
    const field = code === undefined ? undefined : refusedFields[code];
    if (code === undefined || field === undefined) throw error;
    throw invalidField(field.path, code, field.message);
  }
}
