import { z } from 'zod';
import type { Notice } from '../../database/generated/client.ts';
import type { Notices } from '../../outgoing/notices.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime } from '../schemas.ts';

export interface NoticeRouteDependencies {
  readonly notices: Notices;
}

const status = z.enum(['queued', 'sent', 'failed', 'kept']).meta({
  description: '`kept`: no mail server is configured, so that it is only to be read here.',
});

const noticeAnswer = z
  .object({
    id: id('notice'),
    agencyId: id('agency'),
    customerId: id('customer'),
    kind: z.string().meta({ example: 'receipt' }),
    recipient: z.string(),
    subject: z.string(),
    text: z.string(),
    status,
    attempts: z.int(),
    error: z.string().nullable(),
    createdAt: isoTime,
    sentAt: isoTime.nullable(),
  })
  .meta({ id: 'Notice' });

const noticeJson = (notice: Notice) => ({
  id: notice.id,
  agencyId: notice.agencyId,
  customerId: notice.customerId,
  kind: notice.kind,
  recipient: notice.recipient,
  subject: notice.subject,
  text: notice.text,
  status: status.parse(notice.status),
  attempts: notice.attempts,
  error: notice.lastError,
  createdAt: notice.createdAt.toISOString(),
  sentAt: notice.sentAt?.toISOString() ?? null,
});

const params = z.strictObject({ id: id('notice') });
const roles = ['platform', 'agency'] as const;
const tag = 'Notices';

/** What clients were told by e-mail, and how it was delivered. */
export function createNoticeRoutes({ notices }: NoticeRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/notices',
      summary: 'List notices, newest first',
      tag,
      roles,
      query: z.strictObject({ ...pageQuery, customerId: id('customer').optional(), status: status.optional() }),
      responses: { 200: pageAnswer(noticeAnswer) },
      handle: async ({ scope, query: { limit, after, ...filter } }) => {
        const rows = await notices.list(scope, filter, { limit: limit + 1, after: decodeCursor(after) });
        const page = pageOf(rows, limit, (notice) => notice.id);
        return { status: 200, body: { data: page.data.map(noticeJson), next: page.next } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/notices/:id',
      summary: 'Read a notice',
      tag,
      roles,
      params,
      responses: { 200: noticeAnswer },
      handle: async ({ scope, params }) => ({ status: 200, body: noticeJson(await notices.find(scope, params.id)) }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/notices/:id/resend',
      summary: 'Send a notice once more',
      tag,
      roles,
      params,
      responses: { 200: noticeAnswer },
      handle: async ({ scope, params }) => ({ status: 200, body: noticeJson(await notices.resend(scope, params.id)) }),
    }),
  ];
}
