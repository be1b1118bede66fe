import type { AuditedChange } from './audit.ts';

/** What an entry of the audit trail says of a switch that was turned; undefined where it stayed as it was. */
export function standingChange(
  what: 'agency' | 'customer',
  before: boolean,
  after: boolean,
): Pick<AuditedChange, 'action' | 'before' | 'after'> | undefined {
  if (before === after) return undefined;
  const action = `${what}.${after ? 'disabled' : 'enabled'}`;
  return { action, before: { disabled: before }, after: { disabled: after } };
}
