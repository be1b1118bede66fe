import type Whop from '@whop/sdk';
import type { WhopCall } from './call.ts';
import { notFound } from './failure.ts';

/** How far an account is: what it may do, and what is asked of it. */
export type WhopStanding = 'new' | 'active' | 'refused';

type Capabilities = NonNullable<Whop.Account['capabilities']>;
type Capability = Capabilities[keyof Capabilities];

const capabilitiesOf = (charges: Capability): Capabilities => ({
  accept_bank_payments: 'inactive',
  accept_bnpl_payments: 'inactive',
  accept_card_payments: charges,
  bank_deposit: 'inactive',
  card_deposit: 'inactive',
  card_issuing: 'inactive',
  crypto_deposit: 'inactive',
  crypto_payout: 'inactive',
  instant_payout: 'inactive',
  standard_payout: charges,
  transfer: charges,
});

const required = (
  action: 'verify_identity' | 'submit_information_request',
  title: string,
): Whop.Account.RequiredAction => ({
  action,
  blocked_capabilities: ['accept_card_payments', 'standard_payout'],
  cta: null,
  cta_label: title,
  description: title,
  icon_url: null,
  status: 'required',
  title,
});

const standings: Readonly<
  Record<WhopStanding, { readonly charges: Capability; readonly required: Whop.Account['required_actions'] }>
> = {
  new: { charges: 'inactive', required: [required('verify_identity', 'Verify your identity')] },
  active: { charges: 'active', required: [] },
  refused: { charges: 'inactive', required: [required('submit_information_request', 'Answer our questions')] },
};

export const standing = (account: Whop.Account, as: WhopStanding): Whop.Account => ({
  ...account,
  capabilities: capabilitiesOf(standings[as].charges),
  required_actions: standings[as].required,
});

export interface NewWhopAccount {
  readonly id: string;
  readonly title: string;
  readonly email: string | null;
  readonly country: string | null;
  readonly parent: string | null;
  readonly metadata: unknown;
  readonly createdAt: string;
}

export function buildAccount(setting: NewWhopAccount, as: WhopStanding): Whop.Account {
  const account: Whop.Account = {
    id: setting.id,
    balances: [],
    banner_image_url: null,
    business_address: null,
    business_type: null,
    capabilities: null,
    country: setting.country,
    created_at: setting.createdAt,
    description: null,
    email: setting.email,
    home_preferences: [],
    industry_group: null,
    industry_type: null,
    invoice_prefix: null,
    llc_formation: {},
    logo_url: null,
    metadata: setting.metadata,
    onboarding_type: null,
    opengraph_image_url: null,
    opengraph_image_variant: null,
    other_business_description: null,
    other_industry_description: null,
    parent_account_id: setting.parent,
    payment_controls: null,
    product_tax_code: null,
    recommended_actions: null,
    require_2fa: false,
    required_actions: null,
    route: setting.id,
    send_customer_emails: false,
    show_joined_whops: false,
    show_reviews_dtc: false,
    show_user_directory: false,
    social_links: [],
    status: null,
    store_page_config: null,
    target_audience: null,
    tax_collection_enabled_states: [],
    tax_identifiers: [],
    tax_remitted_by: 'whop',
    title: setting.title,
    total_earned_usd: null,
    total_usd: null,
    use_logo_as_opengraph_image_fallback: false,
    verification: null,
    wallet: null,
  };
  return standing(account, as);
}

export const onboardingOutcomes = ['complete', 'unfinished', 'refuse'] as const;
export type WhopOnboardingOutcome = (typeof onboardingOutcomes)[number];

const standingAfter: Readonly<Record<WhopOnboardingOutcome, WhopStanding>> = {
  complete: 'active',
  unfinished: 'new',
  refuse: 'refused',
};

/** Ends an account's onboarding, and tells of it. */
export async function onboard(
  call: WhopCall,
  accountId: string,
  outcome: WhopOnboardingOutcome,
): Promise<Whop.Account> {
  const found = await call.find('account', accountId);
  if (!found) throw notFound('account', accountId);
  const account = standing(found, standingAfter[outcome]);
  await call.save('account', accountId, account);
  await call.emit('payout_account.status_updated', accountId, {
    id: `poact_${accountId}`,
    address: null,
    business_name: account.title,
    business_representative: null,
    email: account.email,
    latest_verification: null,
    phone: null,
    status: outcome === 'complete' ? 'connected' : 'action_required',
  });
  return account;
}
