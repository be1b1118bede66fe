import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program of the bench in a process of its own, spoken to in one request at a time. */
export interface Child<Request, Answer> {
  ask(request: Request): Promise<Answer>;
  stop(): Promise<void>;
}

export function startChild<Request extends object, Answer>(
  file: string,
  read: (message: unknown) => Answer,
): Child<Request, Answer> {
  const child: ChildProcess = fork(fileURLToPath(new URL(file, import.meta.url)), { serialization: 'advanced' });
  return {
    ask: (request) =>
      new Promise<Answer>((resolve, reject) => {
        const onExit = (code: number | null): void => reject(new Error(`${file} ended with ${code}`));
        child.once('exit', onExit);
        child.once('message', (message) => {
          child.removeListener('exit', onExit);
          try {
            resolve(read(message));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        });
        child.send(request);
      }),
    stop: () =>
      new Promise<void>((resolve) => {
        if (child.exitCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.disconnect();
      }),
  };
}

/** The child's side: answers each request, and ends when the parent lets go. */
export function serve<Request, Answer>(
  read: (message: unknown) => Request,
  handle: (request: Request) => Promise<Answer>,
): void {
  process.on('message', (message) => {
    handle(read(message)).then(
      (answer) => process.send?.(answer ?? {}),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
}
