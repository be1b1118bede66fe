import { SettingError } from '../errors.ts';
import type { ProviderError, ProviderErrorKind } from '../providers/errors.ts';

/** The settings that reach a provider, as the person who set them knows them. */
export interface ProviderSettings {
  readonly key: string;
  /** Null where the provider's own address is used. */
  readonly apiBase: string | null;
}

/** Failures that say nothing about the settings: the provider is away for the moment. */
const passing: ReadonlySet<ProviderErrorKind> = new Set<ProviderErrorKind>([
  'rate_limited',
  'unavailable',
  'indeterminate',
]);

export const isAway = ({ kind }: ProviderError): boolean => passing.has(kind);

const withoutStop = (text: string): string => text.replaceAll(/\s+/g, ' ').replace(/\.$/, '');

/** Why the account of a key could not be learnt, as one sentence that names the setting to look at. */
export function probeRefusal(error: ProviderError, { key, apiBase }: ProviderSettings): SettingError {
  const why = withoutStop(error.message);
  if (error.kind === 'auth') return new SettingError(`${key} is not accepted by the provider (${why}).`);
  if (isAway(error)) {
    return new SettingError(
      apiBase === null
        ? `The account of ${key} must be read at the first start, and the provider does not answer (${why}).`
        : `${apiBase} names a provider that does not answer (${why}).`,
    );
  }
  return new SettingError(`${apiBase ?? key} leads to no account that can be used (${why}).`);
}
