import nodemailer from 'nodemailer';
import { errorMessage } from '../errors.ts';

export interface Mail {
  readonly id: string;
  readonly recipient: string;
  readonly fromName: string;
  readonly replyTo: string | null;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface MailFailure {
  readonly message: string;
  /** The server will not take it, however often it is asked: a 5xx (RFC 5321, 4.2.1). */
  readonly permanent: boolean;
}

export interface Mailer {
  /** Null: the mail server took it. */
  send(mail: Mail): Promise<MailFailure | null>;
  close(): void;
}

export interface MailerOptions {
  /** `smtp://` or `smtps://`, with user and password where the server wants them. */
  readonly smtpUrl: string;
  /** The address that notices come from; the name before it is the agency's. */
  readonly mailFrom: string;
}

const timeoutMs = 20_000;

const responseCodeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number'
    ? error.responseCode
    : undefined;

/** Sends through one mail server. Its answers are sorted into what may pass and what never will. */
export function createMailer({ smtpUrl, mailFrom }: MailerOptions): Mailer {
  const { protocol, hostname, port, username, password } = new URL(smtpUrl);
  const transport = nodemailer.createTransport({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port === '' ? {} : { port: Number(port) }),
    secure: protocol === 'smtps:',
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // What tenants wrote is never a file name or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = mailFrom.split('@').at(-1) ?? 'localhost';
  return {
    send: async ({ id, recipient, fromName, replyTo, subject, text, html }) => {
      try {
        await transport.sendMail({
          from: { name: fromName, address: mailFrom },
          to: { name: '', address: recipient },
          ...(replyTo === null ? {} : { replyTo }),
          subject,
          text,
          html,
          messageId: `<${id}@${domain}>`,
        });
        return null;
      } catch (error) {
        const code = responseCodeOf(error);
        return { message: errorMessage(error), permanent: code !== undefined && code >= 500 };
      }
    },
    close: () => transport.close(),
  };
}
