import type { Config } from './config.ts';

export interface Announced {
  readonly url: string;
  readonly platformApiKey: string;
  readonly sandbox: { readonly url: string } | undefined;
}

/** What a person at a terminal needs next. The key is shown only where it opens nothing but a sandbox, or was made just now. */
export function banner(config: Config, { url, platformApiKey, sandbox }: Announced, firstStart: boolean): string {
  const lines = [
    '',
    `  Baisa is ready at ${url}`,
    '',
    `  Console         ${url}/console   (sign in with the platform key)`,
    `  API reference   ${url}/docs`,
    `  Health          ${url}/readyz`,
  ];
  if (!sandbox) {
    const madeNow = firstStart && config.platformApiKey === undefined;
    const key = madeNow ? `${platformApiKey}   (shown once; kept in ${config.dataDir}/secrets.json)` : 'as set before';
    return [...lines, `  Mode            ${config.mode}`, `  Platform key    ${key}`, ''].join('\n');
  }
  return [
    ...lines,
    `  Sandbox         ${sandbox.url}/sandbox   (a local stand-in for Stripe and Whop; no real money)`,
    `  Platform key    ${platformApiKey}`,
    '',
    '  Try next, in another terminal:',
    '',
    `    npm run demo -- --url ${url} --key ${platformApiKey}`,
    `    curl -s ${url}/v1/plans -H 'authorization: Bearer ${platformApiKey}'`,
    '',
  ].join('\n');
}
