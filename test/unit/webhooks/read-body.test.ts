import { createServer } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { refusalOf } from '../../../src/http/problem.ts';
import { readBody } from '../../../webhooks/read-body.ts';

test('an upload that its sender gives up is a 400 and nobody’s alarm', async () => {
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  const server = createServer((request) => {
    request.once('data', () => socket.destroy());
    readBody(request, 1_000).catch(fail);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const socket = connect(address.port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 500\r\n\r\nonly the beginning');
  expect(refusalOf(await failed)).toMatchObject({ status: 400, code: 'request_aborted', unexpected: false });
  await new Promise((resolve) => server.close(resolve));
});
