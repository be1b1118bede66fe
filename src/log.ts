import { type Logger, type LoggerOptions, pino } from 'pino';
import type { LogLevel } from './config.ts';
import { ProviderError } from './providers/errors.ts';

/** All that is logged of an error. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  /** Of a provider's refusal. */
  readonly kind?: string;
  readonly status?: number;
  /** The message of the error beneath it. */
  readonly cause?: string;
}

const codeOf = (error: Error): string | undefined => {
  if (error instanceof ProviderError) return error.detail.code;
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
};

/**
 * A fixed list of fields: drivers attach whole connections to their errors, keys and passwords included, and a list of what to
 * leave out would always be one driver behind.
 */
export function loggedError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const code = codeOf(error);
  const { kind, status } = error instanceof ProviderError ? error.detail : {};
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(kind === undefined ? {} : { kind }),
    ...(status === undefined ? {} : { status }),
    ...(error.cause instanceof Error ? { cause: error.cause.message } : {}),
  };
}

/** What every logger of the service is made with: keys and signatures are never written. */
export const logOptions = (level: LogLevel) =>
  ({
    level,
    serializers: { err: loggedError },
    redact: {
      paths: ['authorization', '*.authorization', 'apiKey', '*.apiKey', 'secret', '*.secret', 'req.headers.cookie'],
      censor: '[redacted]',
    },
  }) satisfies LoggerOptions;

/** Text on a terminal, JSON lines elsewhere. */
export function createLogger(level: LogLevel): Logger {
  const options = logOptions(level);
  return process.stdout.isTTY
    ? pino({ ...options, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } })
    : pino(options);
}
