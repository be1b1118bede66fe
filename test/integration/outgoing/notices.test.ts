import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import { type Database, inTransaction, openDatabase } from '../../../src/database/database.ts';
import { createMailer, type Mailer } from '../../../src/outgoing/mailer.ts';
import { createNotices, type NewNotice, type Notices } from '../../../src/outgoing/notices.ts';
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts';

let scratch: TestDatabase;
let database: Database;
let server: SMTPServer;
let mailer: Mailer;
let clock: FixedClock;
let notices: Notices;
/** What the mail server took, and what it answers to the next recipients. */
const mails: { readonly to: string; readonly data: string }[] = [];
const refusals: number[] = [];
const scope = { role: 'agency', agencyId: 'agc_1', keyId: 'key_1' } as const;
const jobs = { enqueue: async () => undefined };

beforeAll(async () => {
  scratch = await createMigratedDatabase();
  database = openDatabase(scratch.url);
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, callback) => {
      const code = refusals.shift();
      callback(code === undefined ? null : Object.assign(new Error('not now'), { responseCode: code }));
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo[0]?.address ?? '', data: Buffer.concat(chunks).toString('utf8') });
        callback();
      });
    },
  });
  const port = await listeningPort(server);
  mailer = createMailer({ smtpUrl: `smtp://127.0.0.1:${port}`, mailFrom: 'billing@baisa.example' });
  await database.pool.query(
    `INSERT INTO agencies (id, name, email, country, settings, created_at)
     VALUES ('agc_1', 'Muscat', 'm@m.example', 'OM',
             '{"branding": {"displayName": "Muscat Voice"}, "support": {"email": "help@muscat.example"}}', now())`,
  );
  await database.pool.query(
    `INSERT INTO customers (agency_id, id, name, email, created_at) VALUES ('agc_1', 'cus_1', 'Salma', 'salma@client.example', now())`,
  );
});
afterAll(async () => {
  mailer.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await database.close();
  await scratch.drop();
});
beforeEach(async () => {
  mails.length = 0;
  refusals.length = 0;
  clock = new FixedClock('2026-03-01T08:00:00Z');
  notices = createNotices({ database, clock, jobs, mailer });
  await database.pool.query('DELETE FROM notices');
});

function listeningPort(of: SMTPServer): Promise<number> {
  return new Promise((resolve) => {
    const listening = of.listen(0, '127.0.0.1', () => {
      const address = listening.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

const receipt = (fact: string): NewNotice => ({
  kind: 'receipt',
  agencyId: 'agc_1',
  customerId: 'cus_1',
  fact,
  facts: { credited: '5.00 USD', charged: '1.930 OMR', paidOn: '2026-03-01', orderId: 'ord_1' },
});
const notify = (by: Notices, ...wanted: NewNotice[]): Promise<void> =>
  inTransaction(database.pool, (sql) => by.notify(sql, wanted));
const all = (by: Notices) => by.list(scope, {}, { limit: 100, after: undefined });

test('a notice is sent once in the agency’s name, whatever is told twice', async () => {
  await notify(notices, receipt('one'), receipt('one'));
  await notify(notices, receipt('one'));
  await notices.sendDue();
  await notices.sendDue();
  expect(mails).toHaveLength(1);
  expect(mails[0]?.to).toBe('salma@client.example');
  expect(mails[0]?.data).toMatch(/^From: Muscat Voice <billing@baisa\.example>/m);
  expect(mails[0]?.data).toMatch(/^Reply-To: help@muscat\.example/m);
  const [sent] = await all(notices);
  expect(sent).toMatchObject({ status: 'sent', attempts: 1 });
  expect(mails[0]?.data).toContain(`<${sent?.id}@baisa.example>`);
});

test('without a mail server notices are kept to be read, and cannot be sent', async () => {
  const unsent = createNotices({ database, clock, jobs, mailer: null });
  await notify(unsent, receipt('one'));
  await unsent.sendDue();
  const [kept] = await all(unsent);
  expect(kept).toMatchObject({ status: 'kept', attempts: 0 });
  await expect(unsent.resend(scope, kept?.id ?? '')).rejects.toMatchObject({
    status: 409,
    code: 'mail_not_configured',
  });
  await notices.resend(scope, kept?.id ?? '');
  await notices.sendDue();
  expect(mails).toHaveLength(1);
});

test('a server that is busy is asked again by the clock; one that refuses for good is not', async () => {
  refusals.push(451, 550);
  await notify(notices, receipt('busy'));
  await notices.sendDue();
  expect(await all(notices)).toMatchObject([{ status: 'queued', attempts: 1 }]);
  clock.advance(61_000);
  await notices.sendDue();
  const [failed] = await all(notices);
  expect(failed).toMatchObject({ status: 'failed', attempts: 2 });
  expect(mails).toEqual([]);
  await notices.resend(scope, failed?.id ?? '');
  await notices.sendDue();
  expect(await all(notices)).toMatchObject([{ status: 'sent' }]);
});

test('a server that refuses our password fails no notice: each waits, and is sent when it is put right', async () => {
  let password = 'another';
  const guarded = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: (auth, _session, callback) => {
      if (auth.password === password) callback(null, { user: 'baisa' });
      else callback(Object.assign(new Error('Invalid login'), { responseCode: 535 }));
    },
    onData: (stream, _session, callback) => {
      stream.resume();
      stream.on('end', () => callback());
    },
  });
  const port = await listeningPort(guarded);
  const byPassword = createMailer({
    smtpUrl: `smtp://baisa:secret@127.0.0.1:${port}`,
    mailFrom: 'billing@baisa.example',
  });
  const locked = createNotices({ database, clock, jobs, mailer: byPassword });
  await notify(locked, receipt('one'), receipt('two'));
  await locked.sendDue();
  // The second keeps its tries: it would have fared the same.
  const tried = (await all(locked)).map(({ status, attempts }) => `${status} ${attempts}`);
  expect(tried.sort()).toEqual(['queued 0', 'queued 1']);
  password = 'secret';
  clock.advance(61_000);
  await locked.sendDue();
  expect(await all(locked)).toMatchObject([{ status: 'sent' }, { status: 'sent' }]);
  byPassword.close();
  await new Promise<void>((resolve) => guarded.close(() => resolve()));
});

test('a process that dies after the server took it sends again under the same Message-ID', async () => {
  await notify(notices, receipt('crash'));
  const dying: Mailer = {
    send: async (mail) => {
      await mailer.send(mail);
      throw new Error('killed');
    },
    close: () => undefined,
  };
  await expect(createNotices({ database, clock, jobs, mailer: dying }).sendDue()).rejects.toThrow('killed');
  clock.advance(301_000);
  await notices.sendDue();
  const ids = mails.map(({ data }) => /^Message-ID: (.*)$/m.exec(data)?.[1]);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
});

test('a mail server that never answers holds one job, and a job sends a bounded number', async () => {
  await notify(notices, ...Array.from({ length: 21 }, (_, index) => receipt(`fact ${index}`)));
  const asked: string[] = [];
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const mute: Mailer = {
    send: async ({ id }) => {
      asked.push(id);
      await answered;
      return null;
    },
    close: () => undefined,
  };
  const enqueued: string[] = [];
  const woken = createNotices({
    database,
    clock,
    mailer: mute,
    jobs: {
      enqueue: async (_sql, { name }) => {
        enqueued.push(name);
      },
    },
  }).jobs['notices.send'];
  const working = woken?.handle({});
  await expect.poll(() => asked.length).toBe(1);
  await Promise.all([woken?.handle({}), woken?.handle({})]);
  expect(asked).toHaveLength(1);
  answer();
  await working;
  expect(asked).toHaveLength(20);
  expect(enqueued).toEqual(['notices.send']);
});

test('another agency sees none of them', async () => {
  await notify(notices, receipt('one'));
  const other = { role: 'agency', agencyId: 'agc_2', keyId: 'key_2' } as const;
  const [own] = await all(notices);
  expect(await notices.list(other, {}, { limit: 10, after: undefined })).toEqual([]);
  await expect(notices.find(other, own?.id ?? '')).rejects.toMatchObject({ status: 404 });
});
