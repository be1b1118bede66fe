import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { builtFolder } from './built.ts';

export interface ConsolePageDependencies {
  readonly publicUrl: string;
  /** Where a browser reaches the sandbox; null without one. */
  readonly sandboxUrl: string | null;
  /** Left out: where the build puts it. */
  readonly folder?: string;
}

export interface ConsolePages {
  readonly router: Router;
  /** Shown to whoever is signed in to the portal; who that is, is decided where it is mounted. */
  readonly portalPage: RequestHandler;
}

/** Nothing but what this service serves; no script or style in a page but those that carry this answer's nonce. */
const policyOf = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    // An agency's logo is where it says.
    "img-src 'self' data: https:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
};
/** The first that the browser takes and the build made. */
const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

const attribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/**
 * The console's pages and their files. A page is never kept by a browser and names its files by their content, which is why
 * those may be kept for ever. Where nothing was built, a page says so instead of failing the start.
 */
export function createConsolePages(dependencies: ConsolePageDependencies): ConsolePages {
  const { publicUrl, sandboxUrl, folder = builtFolder } = dependencies;
  const router = Router({ caseSensitive: true });
  const base = (URL.parse(publicUrl)?.pathname ?? '').replace(/\/+$/, '');

  const pageOf = (file: string): RequestHandler => {
    const path = join(folder, file);
    const html = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    return (_request, response) => {
      response.setHeader('Cache-Control', 'no-store');
      if (html === undefined) {
        response.status(503).type('text').send('The pages are not built: start with `npm start`, which builds them.\n');
        return;
      }
      const nonce = randomBytes(16).toString('base64');
      response.setHeader('Content-Security-Policy', policyOf(nonce));
      const head = [
        `<base href="${attribute(base)}/console/">`,
        `<meta name="nonce" content="${nonce}">`,
        `<meta name="sandbox" content="${attribute(sandboxUrl ?? '')}">`,
      ].join('');
      response.type('html').send(html.replace('<head>', `<head>${head}`));
    };
  };

  router.get('/console/assets/:file', (request: Request<{ file: string }>, response, next) => {
    const name = basename(request.params.file);
    const path = join(folder, 'assets', name);
    const type = types[name.split('.').at(-1) ?? ''];
    if (type === undefined || !existsSync(path)) {
      next();
      return;
    }
    sendFile(request, response, path, type);
  });
  router.get(['/console', '/console/{*page}'], pageOf('console.html'));
  return { router, portalPage: pageOf('portal.html') };
}

function sendFile(request: Request<{ file: string }>, response: Response, path: string, type: string): void {
  response.set({
    'Cache-Control': 'public, max-age=31536000, immutable',
    'Content-Type': type,
    Vary: 'Accept-Encoding',
  });
  const accepted = request.acceptsEncodings();
  const found = encodings.find(([name, suffix]) => accepted.includes(name) && existsSync(`${path}${suffix}`));
  if (found) response.setHeader('Content-Encoding', found[0]);
  response.sendFile(`${path}${found?.[1] ?? ''}`, { cacheControl: false, dotfiles: 'allow' });
}
