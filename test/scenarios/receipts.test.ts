import { createCanvas } from '@napi-rs/canvas';
import pg from 'pg';
import { extractText, getDocumentProxy, renderPageAsImage } from 'unpdf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { problemSchema } from '../../src/commands/api-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { reversalWorld } from './reversal-world.ts';

let service: TestService;
let world: ReturnType<typeof reversalWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = reversalWorld(service);
});
afterAll(async () => {
  await world.close();
  await service.stop();
});

interface Document {
  readonly status: number;
  readonly type: string | null;
  readonly bytes: Uint8Array;
}

async function fetched(path: string): Promise<Document> {
  const headers = { authorization: `Bearer ${service.platformApiKey}` };
  const answer = await fetch(`${service.url}${path}`, { headers });
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    bytes: new Uint8Array(await answer.arrayBuffer()),
  };
}

const receiptPath = (id: string): string => `/v1/transactions/${id}/receipt.pdf`;

async function textOf({ status, type, bytes }: Document): Promise<string> {
  expect({ status, type }).toEqual({ status: 200, type: 'application/pdf' });
  const { text } = await extractText(await getDocumentProxy(bytes.slice()), { mergePages: true });
  return text.replaceAll(/\s+/g, ' ');
}

const receiptText = async (id: string): Promise<string> => textOf(await fetched(receiptPath(id)));

const codeOf = ({ status, bytes }: Document): string =>
  `${status} ${problemSchema.parse(JSON.parse(new TextDecoder().decode(bytes))).code}`;

const numbersIn = (texts: readonly string[]): readonly (string | undefined)[] =>
  texts.map((text) => /No\. ([RCS]-\d{6})/.exec(text)?.[1]).toSorted();

/** An agency with a client whose top-up is paid. */
async function sold() {
  const { id: agencyId, api } = await service.agency('Printed');
  const customerId = await service.customer(api, 'Salim Trading');
  return { agencyId, customerId, orderId: (await world.topUp(customerId)).orderId };
}

describe('the receipt of a payment', () => {
  it('says who sold what to whom, in both currencies, with the rate, the rounding, the tax and the card', async () => {
    const { agencyId, customerId } = await sold();
    await service.api.call('PATCH', `/v1/agencies/${agencyId}`, {
      body: { branding: { displayName: 'Muscat Voice' }, support: { email: 'help@voice.example' } },
    });
    const { orderId } = await world.topUp(customerId);
    const text = await receiptText(orderId);
    for (const said of [
      ...['Receipt No. R-0', 'Muscat Voice', 'Salim Trading', 'Prepaid balance 5.00 USD', '1 USD = 0.385 OMR'],
      ...['1.925 OMR', 'Rounding 0.005 OMR', 'Tax included 0.000 OMR', 'Paid 1.930 OMR', 'visa ending in 4242'],
      ...['help@voice.example', orderId],
    ]) {
      expect(text).toContain(said);
    }
  });

  it('is the same bytes each time, whatever the client and the agency are called since', async () => {
    const { customerId, orderId } = await sold();
    const first = await fetched(receiptPath(orderId));
    await service.api.call('PATCH', `/v1/customers/${customerId}`, { body: { name: 'Somebody Else' } });
    const again = await fetched(receiptPath(orderId));
    expect(Buffer.compare(first.bytes, again.bytes)).toBe(0);
    expect(await textOf(again)).toContain('Salim Trading');
  });

  it('is numbered in its agency, one after the other', async () => {
    const { customerId, orderId } = await sold();
    const orders = [orderId];
    for (let more = 0; more < 2; more += 1) orders.push((await world.topUp(customerId)).orderId);
    const texts = await Promise.all(orders.map(receiptText));
    expect(numbersIn(texts)).toEqual(['R-000001', 'R-000002', 'R-000003']);
  });

  it('draws ink on the page, and all of it within', async () => {
    const { orderId } = await sold();
    const { bytes } = await fetched(receiptPath(orderId));
    const image = await renderPageAsImage(bytes, 1, { canvasImport: () => import('@napi-rs/canvas'), scale: 1 });
    const { loadImage } = await import('@napi-rs/canvas');
    const drawn = await loadImage(Buffer.from(image));
    const canvas = createCanvas(drawn.width, drawn.height);
    const context = canvas.getContext('2d');
    context.drawImage(drawn, 0, 0);
    const { data } = context.getImageData(0, 0, drawn.width, drawn.height);
    const isInk = (x: number, y: number): boolean => (data[(y * drawn.width + x) * 4] ?? 255) < 128;
    let inside = 0;
    let outside = 0;
    for (let y = 0; y < drawn.height; y += 1) {
      for (let x = 0; x < drawn.width; x += 1) {
        if (!isInk(x, y)) continue;
        if (x < 50 || x > drawn.width - 50 || y < 50 || y > drawn.height - 50) outside += 1;
        else inside += 1;
      }
    }
    expect(inside).toBeGreaterThan(1_000);
    expect(outside).toBe(0);
  });

  it('is refused of what is not paid, with a code of its own', async () => {
    const { api } = await service.agency('Unpaid');
    const { orderId } = await service.startTopUp(await service.customer(api));
    expect(codeOf(await fetched(receiptPath(orderId)))).toBe('409 receipt_not_paid');
  });

  it('is not there for another agency', async () => {
    const { orderId } = await sold();
    const { api } = await service.agency('Stranger');
    expect(await api.call('GET', receiptPath(orderId))).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('the credit note of a refund', () => {
  it('has a number of its own, names the receipt, and leaves that as it was', async () => {
    const { orderId } = await sold();
    const receipt = await fetched(receiptPath(orderId));
    const { id } = await world.refund(orderId, '2.00');
    const text = await receiptText(id);
    for (const said of ['Credit note No. C-000001', 'Receipt R-000001', '2.00 USD', 'Given back 0.770 OMR', '4242']) {
      expect(text).toContain(said);
    }
    expect(Buffer.compare((await fetched(receiptPath(orderId))).bytes, receipt.bytes)).toBe(0);
  });
});

describe('the credit note of a payment that failed after its receipt', () => {
  it('has a number of its own, names the receipt, and leaves that as it was', async () => {
    const { orderId, paymentId } = await world.paid('5.00', { bank_debit: 'succeed' });
    const receipt = await fetched(receiptPath(orderId));
    const credit = `${receiptPath(orderId)}?document=credit_note`;
    expect(codeOf(await fetched(credit))).toBe('409 receipt_not_paid');
    await service.sandbox.failPayment(paymentId);
    await service.idle();
    const text = await textOf(await fetched(credit));
    for (const said of [
      'Credit note No. C-000001',
      'Receipt R-000001',
      'Prepaid balance 5.00 USD',
      'Failed 1.930 OMR',
    ]) {
      expect(text).toContain(said);
    }
    expect(Buffer.compare((await fetched(receiptPath(orderId))).bytes, receipt.bytes)).toBe(0);
  });

  it('is numbered by itself, once', async () => {
    const database = new pg.Client({ connectionString: service.databaseUrl });
    await database.connect();
    try {
      const { orderId, paymentId } = await world.paid('5.00', { bank_debit: 'succeed' });
      await fetched(receiptPath(orderId));
      await service.sandbox.failPayment(paymentId);
      await service.idle();
      for (let run = 1; run <= 2; run += 1) {
        await database.query(`SELECT graphile_worker.add_job('receipts.number', '{}')`);
        await service.idle();
      }
      const { rows } = await database.query(`SELECT kind FROM receipts WHERE subject = $1 ORDER BY kind`, [orderId]);
      expect(rows).toEqual([{ kind: 'credit_note' }, { kind: 'receipt' }]);
    } finally {
      await database.end();
    }
  });
});

describe('the statement of a month', () => {
  it('says the balance from its beginning to its end, and is there once the month is over', async () => {
    const { customerId, orderId } = await sold();
    await world.refund(orderId, '2.00');
    const order = await service.api.get(`/v1/transactions/${orderId}`, z.object({ occurredAt: z.string() }));
    const month = order.occurredAt.slice(0, 7);
    const path = `/v1/customers/${customerId}/statements/${month}`;
    expect(codeOf(await fetched(path))).toBe('409 statement_not_ready');
    await service.sandbox.advanceClock('32d');
    const statement = await fetched(path);
    const text = await textOf(statement);
    for (const said of [
      `Month (UTC) ${month}`,
      'At the beginning 0.00 USD',
      'topup.settle 5.00 USD',
      'At the end 3.00 USD',
    ]) {
      expect(text).toContain(said);
    }
    expect(Buffer.compare((await fetched(path)).bytes, statement.bytes)).toBe(0);
  });

  it('is numbered without gaps, each once, however many are asked for at once', async () => {
    const { api } = await service.agency('Crowded');
    const clients = await Promise.all(Array.from({ length: 4 }, () => service.customer(api)));
    const paths = clients.map((id) => `/v1/customers/${id}/statements/2020-01`);
    const documents = await Promise.all([...paths, ...paths, ...paths].map(fetched));
    const texts = await Promise.all(documents.map(textOf));
    const numbers = ['S-000001', 'S-000002', 'S-000003', 'S-000004'];
    expect(numbersIn(texts)).toEqual(numbers.flatMap((number) => [number, number, number]));
  });
});
