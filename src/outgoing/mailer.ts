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
  /**
   * `refused`: the server will not take this mail, however often it is asked. `postponed`: not now. `unreachable`: it is about the
   * server, our account on it or the way there, so that any other mail would fare the same; it passes, or a person puts it right.
   */
  readonly kind: 'refused' | 'postponed' | 'unreachable';
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

/** What is said of this mail alone: its recipient and its text. A refused password or sender (`MAIL FROM`) is no mail's fault. */
const ofThisMail: readonly unknown[] = ['EENVELOPE', 'EMESSAGE'];

/** By what failed and the answer to it: 5xx is final (RFC 5321, 4.2.1), and so is what cannot even be sent. */
function kindOf(error: unknown): MailFailure['kind'] {
  if (!(error instanceof Error && 'code' in error && ofThisMail.includes(error.code))) return 'unreachable';
  if ('command' in error && error.command === 'MAIL FROM') return 'unreachable';
  const answered = 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : null;
  return answered === null || answered >= 500 ? 'refused' : 'postponed';
}

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
        return { message: errorMessage(error), kind: kindOf(error) };
      }
    },
    close: () => transport.close(),
  };
}
