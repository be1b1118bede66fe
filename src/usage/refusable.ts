import type { Rejection } from './usage-event.ts';

/** What could be made of an event so far, or why nothing can. */
export type Refusable<Value> = Value | { readonly refused: Rejection };

export const isRefused = <Value extends object>(value: Refusable<Value>): value is { readonly refused: Rejection } =>
  'refused' in value;

export const isKept = <Value extends object>(value: Refusable<Value>): value is Value => !isRefused(value);
