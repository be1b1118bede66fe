import { Text } from '@mantine/core';

const answers = [
  {
    question: 'There is a charge of about a dollar that I do not know',
    answer:
      'That is how a new card is checked: the amount is set aside and released at once. It is a hold and not a charge. Your bank may list it ' +
      'for some days, until it drops off by itself.',
  },
  {
    question: 'A payment failed, and my bank shows it all the same',
    answer:
      'What you see is a pending authorization: your bank set the amount aside before the payment failed. Nothing was taken, and it drops off ' +
      'in days, how many is up to your bank.',
  },
  {
    question: 'My bank took another amount than I was shown',
    answer:
      'You are charged exactly the amount and the currency that stand on the payment button. If your card is in another currency, your bank ' +
      'converts it, at its own rate and with its own fee.',
  },
];

/** Plain words where people worry. */
export function Worries() {
  return answers.map(({ question, answer }) => (
    <details key={question}>
      <summary>{question}</summary>
      <Text mt={4}>{answer}</Text>
    </details>
  ));
}
