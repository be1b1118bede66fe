import { fileURLToPath } from 'node:url';

/** Where the built pages are: made by the build, ignored by git. */
export const builtFolder = fileURLToPath(new URL('../../.built/console/', import.meta.url));
