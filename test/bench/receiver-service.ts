import express from 'express';
import { systemClock } from '../../src/clock.ts';
import { openDatabase } from '../../src/database/database.ts';
import { createInbox } from '../../src/delivery/inbox.ts';
import { listen } from '../../src/http/server.ts';
import { createStripeReceiver } from '../../webhooks/stripe/receiver.ts';
import { serve } from './children.ts';
import { type ReceiverAnswer, receiverRequest } from './protocol.ts';

/** The door in, alone: the receiver and the inbox as the service wires them, without the worker behind it. */
serve(
  (message) => receiverRequest.parse(message),
  async ({ databaseUrl, secret }): Promise<ReceiverAnswer> => {
    const { pool } = openDatabase(databaseUrl);
    const app = express();
    app.disable('x-powered-by');
    app.disable('etag');
    app.use(
      createStripeReceiver({
        inbox: createInbox({ pool, clock: systemClock }),
        clock: systemClock,
        platformSecrets: [secret],
        connectSecrets: [],
        platformAccountId: 'acct_bench',
        livemode: false,
        knowsAccount: async () => false,
      }),
    );
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    return { origin: `http://127.0.0.1:${server.port}` };
  },
);
