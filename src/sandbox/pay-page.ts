import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import { Money } from '../money/money.ts';
import { testCards } from './cards.ts';
import { acceptsBankDebit } from './sessions.ts';

const style = `
:root{color-scheme:light dark;--ink:#16202b;--paper:#fff;--line:#c9d2dc;--soft:#f2f5f8;--act:#0b5cad;--on:#fff;--bad:#a4161a;--warn:#7a4d00;--warnbg:#fff3d6}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--paper:#12181f;--line:#3a4653;--soft:#1b242e;--act:#6db3f8;--on:#0b1118;--bad:#ff9a9c;--warn:#ffd98a;--warnbg:#3a2c07}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
.notice{background:var(--warnbg);color:var(--warn);padding:.6rem 1rem;text-align:center;font-weight:600}
main{max-width:34rem;margin:0 auto;padding:1rem}h1{font-size:1.15rem;margin:.5rem 0}h2{font-size:1rem;margin:1.6rem 0 .4rem}
.amount{font-size:2rem;font-weight:700;margin:0;overflow-wrap:anywhere}.problem{border:1px solid var(--bad);color:var(--bad);padding:.6rem .8rem;border-radius:.4rem}
label{display:block;margin:.7rem 0 .2rem;font-weight:600}input{width:100%;padding:.6rem;font:inherit;color:inherit;background:var(--soft);border:1px solid var(--line);border-radius:.4rem}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:.8rem}button{width:100%;padding:.7rem;margin:.5rem 0 0;font:inherit;font-weight:600;border-radius:.4rem;border:1px solid var(--line);background:var(--soft);color:inherit;cursor:pointer;text-align:left}
button.main{background:var(--act);color:var(--on);border-color:var(--act);text-align:center;margin-top:1rem}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}small{display:block;font-weight:400}a{color:var(--act)}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .5rem .3rem 0;border-bottom:1px solid var(--line)}
`;

const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`;

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '');

/**
 * No scripts, no outside resources, no framing. Browsers hold a form's redirect to `form-action` too, so the address
 * that it leads to has to be in it. The referrer policy is not `no-referrer`: with that, browsers send the page's
 * own forms with `Origin: null`, and the guard against foreign origins would refuse them.
 */
export function securityHeaders(...redirectTo: readonly (string | null)[]): Record<string, string> {
  const origins = redirectTo
    .filter((address) => address !== null)
    .map((address) => new URL(address.replaceAll('{CHECKOUT_SESSION_ID}', 'x')).origin);
  const target = [...new Set(origins)].map((origin) => ` ${origin}`).join('');
  return {
    'Content-Security-Policy': `default-src 'none'; style-src '${styleHash}'; form-action 'self'${target}; base-uri 'none'; frame-ancestors 'none'`,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  };
}

/** A whole page; `body` is HTML already. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><p class="notice" role="note">This is a local sandbox, not Stripe. No card is charged; use test cards only.</p>
<main>${body}</main></body></html>`;

/** `1.930 OMR`: with every decimal the currency has. */
export function amountText(session: Stripe.Checkout.Session): string {
  const code = (session.currency ?? 'usd').toUpperCase();
  return Money.ofMinorUnits(session.amount_total ?? 0, code).toString();
}

/** The page saves a card, and takes no money. */
const savesOnly = (session: Stripe.Checkout.Session): boolean => session.mode === 'setup';

const savingNotice = `<h1>Save a card</h1>
<p>Your card is saved for later payments. Nothing is charged now.</p>`;

const every = ({ interval, interval_count: count }: Stripe.Price.Recurring): string =>
  count === 1 ? `every ${interval}` : `every ${count} ${interval}s`;

/** What a subscription costs from its next period on, before tax that is added to its prices. */
function laterText(lines: readonly Stripe.LineItem[]): string {
  const prices = lines.flatMap(({ price, quantity }) => (price?.recurring ? [{ price, quantity }] : []));
  const [first] = prices;
  if (!first?.price.recurring) return '';
  const units = prices.reduce((sum, { price, quantity }) => sum + (price.unit_amount ?? 0) * (quantity ?? 0), 0);
  const amount = Money.ofMinorUnits(units, first.price.currency.toUpperCase()).toString();
  const used = prices.some(({ price }) => price.recurring?.usage_type === 'metered') ? ', and what is used' : '';
  return `then ${amount} ${every(first.price.recurring)}${used}`;
}

const heading = (session: Stripe.Checkout.Session, lines: readonly Stripe.LineItem[]): string => {
  if (savesOnly(session)) return savingNotice;
  if (session.mode === 'subscription') {
    return `<h1>Subscribe</h1><p class="amount">${escapeHtml(amountText(session))} today</p><p>${escapeHtml(laterText(lines))}</p>`;
  }
  const descriptions = lines.flatMap((line) => (line.description ? [`<p>${escapeHtml(line.description)}</p>`] : []));
  return `<h1>Pay</h1><p class="amount">${escapeHtml(amountText(session))}</p>${descriptions.join('')}`;
};

const field = (name: string, label: string, extra: string): string =>
  `<div><label for="${name}">${label}</label><input id="${name}" name="${name}" ${extra}></div>`;

const cardButton = (card: (typeof testCards)[number]): string =>
  `<button name="card" value="${card.number}">${escapeHtml(card.label)}<small>${card.number.replaceAll(/(.{4})(?=.)/g, '$1 ')}</small></button>`;

const bankDebitForm = (path: string): string => `<h2>Or a bank debit, which settles a day later</h2>
<form method="post" action="${path}">
<button name="bank_debit" value="succeed">Bank debit that arrives</button>
<button name="bank_debit" value="fail">Bank debit that the bank returns</button></form>`;

/** Nothing is due and no card is asked for. */
const confirmForm = (path: string): string => `<h2>Or without a card</h2>
<form method="post" action="${path}"><button name="confirm" value="yes">Begin without a card</button></form>`;

const needsNoCard = (session: Stripe.Checkout.Session): boolean =>
  session.mode === 'subscription' && session.amount_total === 0 && session.payment_method_collection === 'if_required';

function actionText(session: Stripe.Checkout.Session): string {
  if (savesOnly(session)) return 'Save a card';
  return session.amount_total === 0 ? 'Begin, nothing is due today' : `Pay ${escapeHtml(amountText(session))}`;
}

export interface PayPageContent {
  readonly session: Stripe.Checkout.Session;
  readonly lines: readonly Stripe.LineItem[];
  readonly problem: string | null;
}

/** The form of an open session, with the reason of the last refusal. */
export function payPage({ session, lines, problem }: PayPageContent): string {
  const path = `/pay/${session.id}`;
  const back = session.cancel_url ? `<p><a href="${escapeHtml(session.cancel_url)}">Cancel and go back</a></p>` : '';
  const [title, verb] = savesOnly(session) ? ['Save a card', 'save'] : ['Pay', 'pay with'];
  const action = actionText(session);
  return page(
    `${title} - sandbox`,
    `${heading(session, lines)}
${problem ? `<p class="problem" role="alert">${escapeHtml(problem)}</p>` : ''}
<form method="post" action="${path}">
${field('card', 'Test card number', 'inputmode="numeric" autocomplete="off" required maxlength="23" placeholder="4242 4242 4242 4242"')}
<div class="pair">${field('expiry', 'Expiry (MM/YY)', 'autocomplete="off" maxlength="7" placeholder="12/34"')}
${field('cvc', 'Security code', 'inputmode="numeric" autocomplete="off" maxlength="4" placeholder="123"')}</div>
${field('name', 'Name on card', 'autocomplete="off" maxlength="200"')}
<button class="main">${action}</button></form>
<h2>Or ${verb} a test card at once</h2>
<form method="post" action="${path}">${testCards.map(cardButton).join('')}</form>
${acceptsBankDebit(session) ? bankDebitForm(path) : ''}${needsNoCard(session) ? confirmForm(path) : ''}${back}`,
  );
}

/** The bank's question of a card that asks for authentication. */
export const challengePage = ({ session, lines }: PayPageContent): string =>
  page(
    'Authenticate - sandbox',
    `${heading(session, lines)}<h2>Your bank asks whether this is you</h2>
<form method="post" action="/pay/${session.id}">
<button class="main" name="authenticate" value="complete">Complete authentication</button>
<button name="authenticate" value="fail">Fail authentication</button></form>`,
  );

const endings: Readonly<Record<string, string>> = {
  complete: 'This payment is complete.',
  expired: 'This checkout has expired. Go back and start again.',
};

export function closedPage(session: Stripe.Checkout.Session): string {
  const back = session.cancel_url ? `<p><a href="${escapeHtml(session.cancel_url)}">Go back</a></p>` : '';
  const saved = savesOnly(session) && session.status === 'complete';
  const text = saved ? 'Your card is saved.' : (endings[session.status ?? ''] ?? 'This checkout is over.');
  const amount = savesOnly(session) ? '' : `<p>${escapeHtml(amountText(session))}</p>`;
  return page('Checkout - sandbox', `<h1>${escapeHtml(text)}</h1>${amount}${back}`);
}
