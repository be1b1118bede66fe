import nock from 'nock';
import { afterAll, beforeAll } from 'vitest';

/** Within the file that calls it nothing reaches a network; what it asks is answered by nock, or fails. */
export function withoutNetwork(): void {
  beforeAll(() => {
    // One process runs many files, and the one before left nock off.
    if (!nock.isActive()) nock.activate();
    nock.disableNetConnect();
  });
  afterAll(() => {
    nock.cleanAll();
    nock.enableNetConnect();
    nock.restore();
  });
}
