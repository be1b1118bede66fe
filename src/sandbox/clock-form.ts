import express, { type Router } from 'express';
import { z } from 'zod';
import { addRecurrences } from './billing-periods.ts';
import type { ClockMover } from './clock-mover.ts';

/** The buttons on the sandbox's page that move its clock. */
export const clockForm = `<form method="post" action="/sandbox/clock/move">
<div class="pair"><button name="by" value="day">Advance a day</button>
<button name="by" value="month">Advance a month</button></div></form>
<form method="post" action="/sandbox/clock/move"><label for="to">Or to the beginning of a day (UTC)</label>
<input id="to" name="to" type="date" required><button>Advance to it</button></form>`;

const moveForm = z.union([z.strictObject({ by: z.enum(['day', 'month']) }), z.strictObject({ to: z.iso.date() })]);

const month = { interval: 'month', interval_count: 1 } as const;

/** Moves as the buttons ask, and comes back to the page when all that fell due is done. */
export function clockRoutes(clockMover: ClockMover): Router {
  const router = express.Router();
  router.post(
    '/sandbox/clock/move',
    express.urlencoded({ extended: false, limit: '1kb' }),
    async (request, response) => {
      const move = moveForm.parse(request.body);
      if ('to' in move) await clockMover.moveTo(`${move.to}T00:00:00Z`);
      else if (move.by === 'day') await clockMover.advance('1d');
      else {
        const next = addRecurrences(Math.floor(clockMover.now.getTime() / 1000), month, 1);
        await clockMover.moveTo(new Date(next * 1000).toISOString());
      }
      response.redirect(303, '/sandbox');
    },
  );
  return router;
}
