import { z } from 'zod';
import type { AgencySettings } from '../tenancy/agency.ts';

/** `ended`: its days are over, see `end`. `converted`: the client lives on a plan now. */
export const trialStatusSchema = z.enum(['active', 'ended', 'converted']);
export type TrialStatus = z.output<typeof trialStatusSchema>;

/** `pause`: no service until the client has a plan. `continue`: service goes on until somebody disables the client. */
export const trialEndSchema = z.enum(['pause', 'continue']);
export type TrialEnd = z.output<typeof trialEndSchema>;

/** What a new client of an agency may use before it pays; once per e-mail address in the agency. */
export interface Trial {
  readonly id: string;
  readonly agencyId: string;
  readonly customerId: string;
  readonly status: TrialStatus;
  /** Minutes of calls in all: a decimal string. */
  readonly minutes: string;
  readonly concurrency: number;
  readonly end: TrialEnd;
  readonly startedAt: Date;
  readonly endsAt: Date;
  readonly remindedAt: Date | null;
  readonly endedAt: Date | null;
}

/** The feature that a trial's minutes are of. */
export const trialFeature = 'call_minutes';

/** Of a trial that continues: what is left of its minutes does not lapse. */
export const neverEnds = new Date('9999-12-31T00:00:00.000Z');

const dayMs = 86_400_000;

/** By which an e-mail address had a trial before. The part after a plus is kept: it is another mailbox to the client. */
export const emailKeyOf = (email: string): string => email.trim().toLowerCase();

type TrialSetting = NonNullable<AgencySettings['trial']>;

/** What an agency's setting makes of a moment. Null for one without days. There is no plan to convert to: that pauses too. */
export function trialFrom(
  setting: TrialSetting | undefined,
  startedAt: Date,
): Pick<Trial, 'minutes' | 'concurrency' | 'end' | 'startedAt' | 'endsAt'> | null {
  if (!setting || setting.days === 0) return null;
  return {
    minutes: String(setting.minutes),
    concurrency: setting.concurrency,
    end: setting.end === 'continue' ? 'continue' : 'pause',
    startedAt,
    endsAt: new Date(startedAt.getTime() + setting.days * dayMs),
  };
}

/** Days before the end on which the client is reminded. */
export const reminderDays = [3, 1] as const;
export type ReminderDays = (typeof reminderDays)[number];

type Reminded = Pick<Trial, 'startedAt' | 'endsAt' | 'remindedAt'>;

/** The reminder that is due: of several that were missed the last one. Null for none, and from the end on. */
export function reminderDue({ startedAt, endsAt, remindedAt }: Reminded, now: Date): ReminderDays | null {
  if (now >= endsAt) return null;
  const due = reminderDays.filter((days) => {
    const at = endsAt.getTime() - days * dayMs;
    return at > startedAt.getTime() && at <= now.getTime() && (remindedAt === null || remindedAt.getTime() < at);
  });
  return due.at(-1) ?? null;
}

/** Whether a client without a plan is served by its trial. */
export const isServed = ({ status, end }: Pick<Trial, 'status' | 'end'>): boolean =>
  status === 'active' || (status === 'ended' && end === 'continue');
