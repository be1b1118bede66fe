import type Stripe from 'stripe';
import type { Translation } from '../translation.ts';

export type EventType = Stripe.Event['type'];
export type EventOf<Type extends EventType> = Extract<Stripe.Event, { type: Type }>;

/** What a translator may know besides the event. */
export interface TranslatorContext {
  /** The account the event came from, as verified: the platform's own, or the event's `account`. */
  readonly accountId: string;
  /** The version our types describe. A snapshot of another version is a hint. */
  readonly apiVersion: string;
}

export type Translator = (event: Stripe.Event, context: TranslatorContext) => Translation;

const isOf = <Type extends EventType>(event: Stripe.Event, type: Type): event is EventOf<Type> => event.type === type;

/** Binds a translator to its event type, so that the table's key and the event it reads cannot differ. */
export const translatorOf =
  <Type extends EventType>(
    type: Type,
    translate: (event: EventOf<Type>, context: TranslatorContext) => Translation,
  ): Translator =>
  (event, context) => {
    if (!isOf(event, type)) throw new Error(`the translator of ${type} was given ${event.type}`);
    return translate(event, context);
  };
