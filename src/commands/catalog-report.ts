import { styleText } from 'node:util';
import type { ForeseenWrite } from '../catalog/foreseen-writes.ts';
import type { PlanChange } from '../catalog/plan-changes.ts';
import type { CheckLine, FindingLine, StatusLine, SyncAnswer } from './catalog-client.ts';

/** What applying one plan of the file does. */
export interface PlanReport {
  readonly name: string;
  readonly agencyId: string;
  readonly change: PlanChange['kind'];
  /** Which fields change, where some do. */
  readonly fields: readonly string[];
  /** In each account that carries the plan. */
  readonly writes: readonly ForeseenWrite[];
}

type Colour = 'green' | 'yellow' | 'red' | 'dim';

/** As it is without a terminal, or where `NO_COLOR` is set. */
const coloured = (colour: Colour, text: string): string => styleText(colour, text);

const signs = {
  create: ['green', '+'],
  update: ['yellow', '~'],
  archive: ['red', '-'],
} as const satisfies Record<ForeseenWrite['action'], readonly [Colour, string]>;

const changes = {
  create: ['green', '+ create '],
  change: ['yellow', '~ change '],
  publish: ['green', '^ publish'],
  none: ['dim', '= keep   '],
} as const satisfies Record<PlanChange['kind'], readonly [Colour, string]>;

const writeLine = ({ action, kind, key, amount }: ForeseenWrite): string => {
  const [colour, sign] = signs[action];
  const what = action === 'archive' ? `${kind} ${key} is archived` : `${kind} ${key}${amount ? ` ${amount}` : ''}`;
  return coloured(colour, `    ${sign} ${what}`);
};

export function planLines({ name, change, fields, writes }: PlanReport): readonly string[] {
  const [colour, sign] = changes[change];
  const which = fields.length > 0 ? ` (${fields.join(', ')})` : '';
  return [coloured(colour, `${sign} ${name}${which}`), ...writes.map(writeLine)];
}

const tally = (writes: readonly Pick<ForeseenWrite, 'action'>[]): string => {
  const count = (wanted: ForeseenWrite['action']): number => writes.filter(({ action }) => action === wanted).length;
  return `${count('create')} to create, ${count('update')} to change, ${count('archive')} to archive`;
};

export function summaryLine(plans: readonly PlanReport[]): string {
  const kept = plans.filter(({ change }) => change === 'none').length;
  if (kept === plans.length) return 'No changes: every plan of the file is sold as it is written.';
  return `${plans.length - kept} of ${plans.length} plans change; in each account: ${tally(plans.flatMap(({ writes }) => writes))}.`;
}

/** Publishing carries plans by itself, as jobs: what they were faster with is not in the answer, but in the status. */
export function syncLines({ operations, blocked }: SyncAnswer): readonly string[] {
  const lines = [
    ...operations.map(({ action, kind, key, planId, merchantAccountId, reason }) => {
      const [colour, sign] = signs[action];
      return coloured(colour, `  ${sign} ${kind} ${key} of ${planId} in ${merchantAccountId}: ${reason}`);
    }),
    ...blocked.map(({ planId, merchantAccountId, reason }) =>
      coloured('red', `  blocked: ${planId} in ${merchantAccountId}: ${reason}`),
    ),
  ];
  return lines.length > 0 ? lines : ['  nothing is left to do'];
}

export function statusLines(standings: readonly StatusLine[]): readonly string[] {
  const others = standings.filter(({ status }) => status !== 'in_sync');
  return [
    ...others.map(
      ({ planId, merchantAccountId, status, reason }) =>
        `${status}: ${planId} in ${merchantAccountId}${reason ? `: ${reason}` : ''}`,
    ),
    `${standings.length - others.length} of ${standings.length} are in sync.`,
  ];
}

const findingLines = (finding: FindingLine): readonly string[] => {
  const { id, problem, kind, remoteId, key, planId, merchantAccountId, differences } = finding;
  const what = `${kind} ${remoteId}${key ? `, ${key}` : ''}${planId ? ` of ${planId}` : ''} in ${merchantAccountId}`;
  return [
    coloured('yellow', `${problem}: ${what} (${id})`),
    ...differences.map(
      ({ field, expected, found }) => `    ${field}: ${expected ?? 'nothing'} -> ${found ?? 'nothing'}`,
    ),
  ];
};

export function driftLines(checks: readonly CheckLine[], findings: readonly FindingLine[]): readonly string[] {
  const failed = checks.flatMap(({ merchantAccountId, failure }) =>
    failure === null ? [] : [coloured('red', `${merchantAccountId} could not be read: ${failure}`)],
  );
  const foreign = checks.reduce((sum, check) => sum + check.foreign, 0);
  return [
    ...findings.flatMap(findingLines),
    ...failed,
    ...(foreign > 0 ? [coloured('dim', `foreign: ${foreign} objects of other business, left alone`)] : []),
    findings.length === 0
      ? 'No drift was found.'
      : `${findings.length} to answer: POST /v1/catalog/drift/<id>/{restore,adopt,ignore}.`,
  ];
}
