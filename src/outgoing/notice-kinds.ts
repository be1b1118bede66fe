/** The agency in whose name a notice goes out, and where its client may ask. */
export interface NoticeSender {
  /** The name that clients know: of the branding, else the agency's own. */
  readonly name: string;
  readonly supportEmail: string | null;
  readonly supportUrl: string | null;
}

/** Kind -> what it tells. Amounts are written as people read them (`5.00 USD`), times as days. */
export interface NoticeFacts {
  readonly receipt: {
    /** Null for a payment that credits no balance, such as a renewal's. */
    readonly credited: string | null;
    readonly charged: string;
    readonly paidOn: string;
    readonly orderId: string;
  };
  readonly pack_receipt: {
    readonly sold: string;
    readonly charged: string;
    readonly paidOn: string;
    readonly orderId: string;
  };
  readonly payment_failed: { readonly charged: string; readonly reason: string };
  readonly card_failing: { readonly amount: string; readonly reason: string; readonly nextAttempt: string | null };
  readonly authentication_needed: { readonly amount: string };
  readonly card_confirmation: { readonly card: string; readonly link: string };
  readonly service_paused: { readonly balance: string };
  readonly trial_ending: { readonly endsOn: string };
  readonly trial_ended: { readonly endedOn: string };
}

export type NoticeKind = keyof NoticeFacts;

interface Letter {
  readonly subject: string;
  /** Paragraphs of plain text. */
  readonly paragraphs: readonly string[];
}

type Letters = { readonly [Kind in NoticeKind]: (facts: NoticeFacts[Kind]) => Letter };

/** What a person must know, in plain words, and what to do about it. */
const letters: Letters = {
  receipt: ({ credited, charged, paidOn, orderId }) => ({
    subject: `Payment received: ${credited ?? charged}`,
    paragraphs: [
      credited === null
        ? `Thank you. On ${paidOn} we received ${charged}.`
        : `Thank you. On ${paidOn} we received ${charged}, and your balance grew by ${credited}.`,
      `The payment is kept as ${orderId}.`,
    ],
  }),
  pack_receipt: ({ sold, charged, paidOn, orderId }) => ({
    subject: `Payment received: ${sold}`,
    paragraphs: [
      `Thank you. On ${paidOn} we received ${charged} for ${sold}, which you can use now.`,
      `The payment is kept as ${orderId}.`,
    ],
  }),
  payment_failed: ({ charged, reason }) => ({
    subject: 'A payment did not go through',
    paragraphs: [
      `A payment of ${charged} did not go through (${reason}). Nothing was taken.`,
      'You can pay again with the same or another card.',
    ],
  }),
  card_failing: ({ amount, reason, nextAttempt }) => ({
    subject: 'Your card was declined',
    paragraphs: [
      `We tried to refill your balance by ${amount}, and your card was declined (${reason}).`,
      nextAttempt === null
        ? 'We will not try this card again by ourselves: please add another card, or top up once by hand.'
        : `We will try again on ${nextAttempt}. To be on the safe side, add another card or top up by hand.`,
    ],
  }),
  authentication_needed: ({ amount }) => ({
    subject: 'Your bank asks for your confirmation',
    paragraphs: [
      `We tried to refill your balance by ${amount}, and your bank wants you to confirm it. Nothing was taken.`,
      'Please top up once by hand: your bank will ask you on the payment page, and refills go on afterwards.',
    ],
  }),
  card_confirmation: ({ card, link }) => ({
    subject: 'Your bank asks you to confirm your card',
    paragraphs: [
      `To verify ${card}, about a dollar is held for a moment and released at once. It is a temporary hold, and nothing is taken.`,
      `Your bank wants you to confirm it first: ${link}`,
    ],
  }),
  service_paused: ({ balance }) => ({
    subject: 'Your service is paused',
    paragraphs: [
      `Your balance is ${balance}, so new calls and messages are paused. What is running is not cut off.`,
      'Top up to go on.',
    ],
  }),
  trial_ending: ({ endsOn }) => ({
    subject: 'Your trial ends soon',
    paragraphs: [`Your trial ends on ${endsOn}.`, 'Choose a plan to go on without a break.'],
  }),
  trial_ended: ({ endedOn }) => ({
    subject: 'Your trial has ended',
    paragraphs: [
      `Your trial ended on ${endedOn}, so new calls and messages are paused. What is running is not cut off.`,
      'Choose a plan to go on.',
    ],
  }),
};

export interface WrittenNotice {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');

/** A letter in the agency's name. What tenants and providers wrote is escaped in the HTML, and never a header. */
export function writeNotice<Kind extends NoticeKind>(
  kind: Kind,
  facts: NoticeFacts[Kind],
  sender: NoticeSender,
): WrittenNotice {
  const { subject, paragraphs } = letters[kind](facts);
  const contact = sender.supportEmail ?? sender.supportUrl;
  const closing = [...(contact === null ? [] : [`Questions? ${contact}`]), sender.name];
  const all = [...paragraphs, ...closing];
  return {
    subject: oneLine(`${sender.name}: ${subject}`),
    text: `${all.join('\n\n')}\n`,
    html: `<!doctype html><meta charset="utf-8">${all.map((paragraph) => `<p>${escaped(paragraph)}</p>`).join('')}`,
  };
}

/** A line break in a header would begin another one. */
export const oneLine = (text: string): string => text.replaceAll(/[\r\n\u2028\u2029]+/g, ' ').trim();
