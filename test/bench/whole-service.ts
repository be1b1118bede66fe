import { createServer } from 'node:net';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { type Service, startService } from '../../src/main.ts';
import { loadSecrets } from '../../src/tenancy/installation-secrets.ts';
import { serve } from './children.ts';
import { type ServiceAnswer, serviceRequest } from './protocol.ts';

/** The whole service as `npm start` builds it. `start` starts it; `settle` waits until every event is handled. */
let running: { readonly service: Service; readonly answer: ServiceAnswer } | undefined;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port')),
      );
    });
  });

serve(
  (message) => serviceRequest.parse(message),
  async (request): Promise<ServiceAnswer> => {
    if (request.ask === 'start') {
      const config = readConfig({
        DATABASE_URL: request.databaseUrl,
        DATA_DIR: request.dataDir,
        PORT: String(await freePort()),
        SANDBOX_PORT: String(await freePort()),
      });
      const service = await startService(config, pino({ level: 'error' }));
      const { sandboxWebhookSecret } = await loadSecrets(request.dataDir);
      running = { service, answer: { origin: `http://127.0.0.1:${config.port}`, secret: sandboxWebhookSecret } };
    }
    if (!running) throw new Error('the service was not started');
    if (request.ask === 'settle') await running.service.idle();
    return running.answer;
  },
);
