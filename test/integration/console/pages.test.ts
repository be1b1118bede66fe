import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { renderTypes, typesFile } from '../../../src/commands/console-types.ts';
import { documentFile } from '../../../src/commands/openapi.ts';
import { buildConsole } from '../../../src/console/build.ts';
import { builtFolder } from '../../../src/console/built.ts';
import { createConsolePages } from '../../../src/console/pages.ts';
import { listen } from '../../../src/http/server.ts';

const sandboxUrl = 'http://127.0.0.1:3001';
const publicUrl = 'https://billing.example.com/pay';

const serve = (folder?: string) =>
  listen(
    express().use(createConsolePages({ publicUrl, sandboxUrl, ...(folder === undefined ? {} : { folder }) }).router),
    {
      host: '127.0.0.1',
      port: 0,
    },
  );

let server: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  await buildConsole();
  server = await serve();
});
afterAll(() => server.close());

const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { headers });

const manifest = z.record(
  z.string(),
  z.object({
    file: z.string(),
    isEntry: z.boolean().optional(),
    imports: z.array(z.string()).default([]),
    css: z.array(z.string()).default([]),
  }),
);
const built = () => manifest.parse(JSON.parse(readFileSync(join(builtFolder, 'manifest.json'), 'utf8')));

/** Every script that a page loads before it draws anything. */
function firstLoad(entry: string): string[] {
  const chunks = built();
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const inner of chunks[name]?.imports ?? []) visit(inner);
  };
  visit(entry);
  return [...seen].flatMap((name) => chunks[name]?.file ?? []);
}

/** In bytes, of the scripts of a first load. */
const scriptBytesMax = 300_000;

describe('the built pages', () => {
  test.each(['console.html', 'portal.html'])('%s loads less than 300 KB of compressed script first', (entry) => {
    const files = firstLoad(entry);
    expect(files.length).toBeGreaterThan(1);
    const sizes = files.map((file) => {
      const path = join(builtFolder, file);
      return statSync(statSync(path).size < 1_000 ? path : `${path}.gz`).size;
    });
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(scriptBytesMax);
  });

  test('are not built again while their sources are what they were', async () => {
    const before = statSync(join(builtFolder, 'manifest.json')).mtimeMs;
    await buildConsole();
    expect(statSync(join(builtFolder, 'manifest.json')).mtimeMs).toBe(before);
  });
});

describe('a page', () => {
  test('is kept by nobody, and its policy lets in nothing but what this service serves and what carries its nonce', async () => {
    const answers = await Promise.all([get('/console'), get('/console/clients/cus_1')]);
    const nonces = await Promise.all(
      answers.map(async (answer) => {
        expect(answer.status).toBe(200);
        expect(answer.headers.get('cache-control')).toBe('no-store');
        const policy = answer.headers.get('content-security-policy') ?? '';
        expect(policy).toContain("default-src 'none'");
        expect(policy).toContain("script-src 'self';");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).not.toContain('unsafe');
        const html = await answer.text();
        expect(html).toContain('<base href="/pay/console/">');
        expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
        const nonce = /<meta name="nonce" content="([^"]+)">/.exec(html)?.[1] ?? '';
        expect(policy).toContain(`'nonce-${nonce}'`);
        return nonce;
      }),
    );
    expect(new Set(nonces).size).toBe(2);
  });

  test('says so where nothing was built', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'baisa-pages-'));
    const bare = await serve(folder);
    const answer = await fetch(`http://127.0.0.1:${bare.port}/console`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('npm start');
    await bare.close();
    rmSync(folder, { recursive: true });
  });
});

describe('a file of the pages', () => {
  const script = (): string => built()['console.html']?.file ?? '';

  test('is named by its content, kept for ever, and sent compressed to whoever takes that', async () => {
    expect(script()).toMatch(/^assets\/console-[\w-]{8}\.js$/);
    for (const [asked, answered] of [
      ['br, gzip', 'br'],
      ['gzip', 'gzip'],
      ['identity', null],
    ] as const) {
      const answer = await get(`/console/${script()}`, { 'accept-encoding': asked });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-encoding')).toBe(answered);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(answer.headers.get('content-type')).toMatch(/^text\/javascript/);
      expect(answer.headers.get('vary')).toBe('Accept-Encoding');
      expect(await answer.text()).toBe(readFileSync(join(builtFolder, script()), 'utf8'));
    }
  });

  test('that is none of theirs is not reached by its path', async () => {
    for (const path of ['..%2f..%2fpackage.json', '..%2f.stamp', 'none.js']) {
      const answer = await get(`/console/assets/${path}`);
      expect(answer.headers.get('cache-control')).not.toContain('immutable');
    }
  });
});

test('the pages’ types are those of the committed API document', () => {
  expect(readFileSync(typesFile, 'utf8') === renderTypes(readFileSync(documentFile, 'utf8'))).toBe(true);
});
