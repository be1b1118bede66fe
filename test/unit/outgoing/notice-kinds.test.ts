import { expect, test } from 'vitest';
import { writeNotice } from '../../../src/outgoing/notice-kinds.ts';

const sender = { name: 'Muscat <Voice> & Co', supportEmail: 'help@muscat.example', supportUrl: null };

test('a notice is written in the agency’s name, with where to ask, as text and as escaped HTML', () => {
  const facts = { credited: '5.00 USD', charged: '1.930 OMR', paidOn: '2026-03-01', orderId: 'ord_1' };
  const { subject, text, html } = writeNotice('receipt', facts, sender);
  expect(subject).toBe('Muscat <Voice> & Co: Payment received: 5.00 USD');
  expect(text).toContain('1.930 OMR');
  expect(text).toContain('Questions? help@muscat.example');
  expect(html).toContain('Muscat &lt;Voice&gt; &amp; Co');
  expect(html).not.toContain('<Voice>');
});

test('a name with a line break begins no other header', () => {
  const crafty = { ...sender, name: 'Muscat\r\nBcc: everybody@example.com' };
  const { subject } = writeNotice('service_paused', { balance: '-1.20 USD' }, crafty);
  expect(subject).not.toMatch(/[\r\n]/);
});

test.each([
  ['card_failing', { amount: '25.00 USD', reason: 'insufficient_funds', nextAttempt: '2026-03-02' }],
  ['card_failing', { amount: '25.00 USD', reason: 'lost_card', nextAttempt: null }],
] as const)('a declined card is told with what happens next: %s %j', (kind, facts) => {
  const { text } = writeNotice(kind, facts, sender);
  expect(text).toContain(facts.nextAttempt ?? 'will not try this card again');
});
