// Builds the pages when they are missing or older than their sources. Run by the start; nobody types it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { build } from 'vite';
import { builtFolder } from './built.ts';

const webFolder = fileURLToPath(new URL('./web/', import.meta.url));
const lockFile = fileURLToPath(new URL('../../package-lock.json', import.meta.url));
const stampName = '.stamp';

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

function stampOfSources(): string {
  const hash = createHash('sha256');
  for (const file of [...filesUnder(webFolder), lockFile, fileURLToPath(import.meta.url)]) {
    hash.update(file.slice(webFolder.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function stampOfBuild(): string {
  try {
    return readFileSync(join(builtFolder, stampName), 'utf8');
  } catch {
    return '';
  }
}

/** Below it a compressed copy saves less than its headers cost. */
const compressedBytesMin = 1_000;

/** Compressed once here instead of at each request. */
function compress(folder: string): void {
  for (const file of filesUnder(join(folder, 'assets'))) {
    if (!/\.(js|css|svg)$/.test(file) || statSync(file).size < compressedBytesMin) continue;
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

/** Brings the built pages up to their sources; does nothing where they are. */
export async function buildConsole(): Promise<void> {
  const stamp = stampOfSources();
  if (stampOfBuild() === stamp) return;
  const folder = `${builtFolder.replace(/\/$/, '')}-${process.pid}`;
  await build({
    configFile: false,
    root: webFolder,
    // Relative, for PUBLIC_URL may have a path; the served page names what it is relative to.
    base: './',
    mode: 'production',
    logLevel: 'warn',
    plugins: [react()],
    build: {
      outDir: folder,
      emptyOutDir: true,
      manifest: 'manifest.json',
      // An inlined data: address would need an exception in the pages' policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      target: 'es2022',
      // What counts is what a first load sends, which a test holds.
      chunkSizeWarningLimit: 1_000,
      rollupOptions: { input: { console: join(webFolder, 'console.html'), portal: join(webFolder, 'portal.html') } },
    },
  });
  compress(folder);
  writeFileSync(join(folder, stampName), stamp);
  putInPlace(folder, stamp);
}

/** All of it at once: two that build at the same time leave one whole build, whichever comes last. */
function putInPlace(folder: string, stamp: string): void {
  try {
    rmSync(builtFolder, { recursive: true, force: true });
    renameSync(folder, builtFolder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (stampOfBuild() !== stamp) throw error;
  }
}

if (import.meta.main) await buildConsole();
