import { createHmac, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SettingError } from '../errors.ts';
import { newApiKey } from './api-key.ts';

const secretsSchema = z.object({
  encryptionKey: z.string().min(32),
  platformApiKey: z.string().min(32),
  sandboxSecretKey: z.string().startsWith('sk_test_sandbox_'),
  sandboxWebhookSecret: z.string().startsWith('whsec_'),
  sandboxConnectWebhookSecret: z.string().startsWith('whsec_'),
});

/** What an installation uses where its settings give nothing. Random per data directory. */
export type InstallationSecrets = Readonly<z.output<typeof secretsSchema>>;

/** The local Whop's key and secret, in the form of Whop's own: made of what is random already, so that a folder of an older service has them. */
export function sandboxWhopSecrets({ sandboxSecretKey }: InstallationSecrets): {
  readonly apiKey: string;
  readonly webhookSecret: string;
} {
  const derived = (name: string): string => createHmac('sha256', sandboxSecretKey).update(name).digest('hex');
  return { apiKey: `apik_sandbox_${derived('whop api key')}`, webhookSecret: `ws_${derived('whop webhook secret')}` };
}

const random = (): string => randomBytes(32).toString('base64url');

/** Stripe's own keys and secrets are letters and digits. */
const alphanumeric = (): string => randomBytes(24).toString('hex');

/**
 * Reads `DATA_DIR/secrets.json`, making it the first time (mode 0600). Of two processes that start at once, both use what
 * the first one wrote. Throws `SettingError` when the file is there but is not what was written.
 */
export async function loadSecrets(dataDir: string): Promise<InstallationSecrets> {
  const file = join(dataDir, 'secrets.json');
  const text = (await readOrAbsent(file)) ?? (await writeFirst(dataDir, file));
  try {
    return secretsSchema.parse(JSON.parse(text));
  } catch {
    throw new SettingError(`DATA_DIR holds a secrets.json that cannot be read: restore ${file} from a backup.`);
  }
}

/**
 * The platform's key as a service has kept it in this folder, for a command beside it. Makes nothing: a folder that was
 * mistyped must not begin to look like an installation. Throws `SettingError` where there is none.
 */
export async function keptPlatformKey(dataDir: string): Promise<string> {
  if ((await readOrAbsent(join(dataDir, 'secrets.json'))) !== undefined)
    return (await loadSecrets(dataDir)).platformApiKey;
  throw new SettingError(
    `PLATFORM_API_KEY is not set and DATA_DIR (${dataDir}) holds no key: set one, or name the folder of a service that was started.`,
  );
}

async function readOrAbsent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeFirst(dataDir: string, file: string): Promise<string> {
  const secrets: InstallationSecrets = {
    encryptionKey: random(),
    platformApiKey: newApiKey('platform'),
    sandboxSecretKey: `sk_test_sandbox_${alphanumeric()}`,
    sandboxWebhookSecret: `whsec_${alphanumeric()}`,
    sandboxConnectWebhookSecret: `whsec_${alphanumeric()}`,
  };
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(secrets, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // A link, unlike a rename, fails when another process was first; then its secrets are the ones.
    await link(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(file, 'utf8');
}
