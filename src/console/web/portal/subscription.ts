import type { Schemas } from '../api/schema.ts';

export const isOver = ({ status }: Pick<Schemas['Subscription'], 'status'>): boolean =>
  status === 'canceled' || status === 'expired';
