import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/**
 * The import table of the house. A file may import its own room and the levels below it; rooms of one level may import
 * each other, but not in circles. A folder that is not here has no place yet: give it one before it grows.
 */
const levels: readonly (readonly string[])[] = [
  [
    'src/main.ts',
    'src/commands',
    'src/stores.ts',
    'src/started.ts',
    'src/log.ts',
    'src/banner.ts',
    'src/demo-data.ts',
    'src/metrics.ts',
    'src/rooms.ts',
    'src/room-dependencies.ts',
    'src/provider-doors.ts',
  ],
  ['src/http', 'src/console', 'src/sandbox', 'webhooks', 'webhooks/stripe', 'webhooks/whop'],
  [
    'src/catalog',
    'src/merchant-accounts',
    'src/checkout',
    'src/cards',
    'src/refill',
    'src/subscriptions',
    'src/usage',
    'src/history',
    'src/overview',
    'src/updates',
    'src/reconciliation',
    'src/receipts',
    'src/refunds',
    'src/revenue',
  ],
  ['src/ledger', 'src/tenancy', 'src/outgoing'],
  ['src/delivery', 'src/providers', 'src/providers/stripe', 'src/providers/whop'],
  ['src/database', 'src/config.ts', 'src/money', 'src/errors.ts', 'src/clock.ts', 'src/ids.ts'],
];

/** Who may import what the table alone would open to too many. A room may always import itself. */
const keptFor: Readonly<Record<string, readonly string[]>> = {
  // The doors: only what wires the house, and the webhooks of the same provider, know which provider it is.
  'src/providers/stripe': ['src/provider-doors.ts', 'src/commands', 'webhooks/stripe'],
  'src/providers/whop': ['src/provider-doors.ts', 'src/commands', 'webhooks/whop'],
  'webhooks/stripe': ['src/provider-doors.ts', 'src/commands'],
  'webhooks/whop': ['src/provider-doors.ts', 'src/commands'],
  'src/sandbox': ['src/main.ts', 'src/provider-doors.ts', 'src/commands'],
};

/** Rooms that know less than their level would let them. */
const knowsOnly: Readonly<Record<string, readonly string[]>> = {
  // A stand-in that shared the business's code would share its mistakes.
  'src/sandbox': ['src/config.ts', 'src/clock.ts', 'src/database', 'src/errors.ts', 'src/money'],
  'src/delivery': ['src/database', 'src/clock.ts', 'src/errors.ts', 'src/ids.ts'],
  'src/money': [],
};

/** Packages that stay behind their door. */
const packages: Readonly<Record<string, readonly string[]>> = {
  stripe: ['src/providers/stripe', 'webhooks/stripe', 'src/sandbox'],
  '@whop/sdk': ['src/providers/whop', 'webhooks/whop', 'src/sandbox'],
  vite: ['src/console'],
  '@vitejs/plugin-react': ['src/console'],
  express: ['src/provider-doors.ts', 'src/http', 'src/console', 'src/sandbox', 'webhooks/stripe', 'webhooks/whop'],
  'graphile-worker': ['src/delivery'],
  ioredis: ['src/delivery'],
  'rate-limiter-flexible': ['src/delivery'],
  nodemailer: ['src/outgoing'],
  pdfkit: ['src/receipts'],
  'ipaddr.js': ['src/outgoing'],
  standardwebhooks: ['src/outgoing', 'webhooks/whop', 'src/sandbox'],
  '@prisma/adapter-pg': ['src/database'],
};

/** Files inside a room that no other room may import, whatever the table says. */
const privateFiles: readonly RegExp[] = [/^src\/ledger\/(accounts|post\.sql)\.ts$/, /\.sql\.ts$/];

interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly file: string;
  /** A path from the root, or a package's name. */
  readonly target: string;
}

const root = fileURLToPath(new URL('../', import.meta.url));

function filesUnder(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'))
    .filter((path) => !path.startsWith('src/database/generated/') && path !== 'src/console/web/api/schema.ts')
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const statements = /^(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]/gm;
const calls = /\bimport\(\s*['"]([^'"]+)['"]/g;

function importsOf({ path, text }: SourceFile): Import[] {
  return [...text.matchAll(statements), ...text.matchAll(calls)].map((match) => {
    const name = match[1] ?? match[2] ?? '';
    return { file: path, target: name.startsWith('.') ? posix.join(posix.dirname(path), name) : packageOf(name) };
  });
}

const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

const rooms = levels.flat().sort((a, b) => b.length - a.length);

/** The longest entry of the table that holds the file. */
const roomOf = (path: string): string | undefined => rooms.find((room) => path === room || path.startsWith(`${room}/`));

const levelOf = (room: string): number => levels.findIndex((level) => level.includes(room));

const isOwn = ({ target }: Import): boolean => /^(src|webhooks)\//.test(target);

const printed = ({ file, target }: Import): string => `${file} -> ${target}`;

/** A list that is not there excludes nobody. */
const excludes = (list: readonly string[] | undefined, room: string): boolean =>
  list !== undefined && !list.includes(room);

function breaks(imports: readonly Import[]): string[] {
  const found = imports.filter((each) => {
    const from = roomOf(each.file);
    if (from === undefined) return true;
    if (!isOwn(each)) return excludes(packages[each.target], from);
    const to = roomOf(each.target);
    if (to === undefined) return true;
    if (to === from) return false;
    return (
      levelOf(to) < levelOf(from) ||
      excludes(keptFor[to], from) ||
      excludes(knowsOnly[from], to) ||
      privateFiles.some((pattern) => pattern.test(each.target))
    );
  });
  return [...found.map(printed), ...circles(imports)];
}

/** Imports between two rooms of one level that lead back to where they came from. */
function circles(imports: readonly Import[]): string[] {
  const sideways = imports.flatMap((each) => {
    const from = roomOf(each.file);
    const to = roomOf(each.target);
    if (from === undefined || to === undefined || from === to || levelOf(from) !== levelOf(to)) return [];
    // What starts and wires the house is one thing in several files.
    return levelOf(from) === 0 ? [] : [{ each, from, to }];
  });
  const reaches = (from: string, to: string, seen: ReadonlySet<string> = new Set()): boolean =>
    from === to ||
    sideways.some((edge) => edge.from === from && !seen.has(edge.to) && reaches(edge.to, to, new Set([...seen, from])));
  return sideways.filter(({ from, to }) => reaches(to, from)).map(({ each }) => `${printed(each)} (a circle)`);
}

const sources = [...filesUnder('src'), ...filesUnder('webhooks')];
const tests = filesUnder('test');

test('imports run one way', () => {
  expect(breaks(sources.flatMap(importsOf))).toEqual([]);
});

test.each([
  ['src/ledger/x.ts', "import { a } from '../checkout/order.ts';"],
  ['src/checkout/x.ts', "import {\n  a,\n} from '../providers/stripe/amounts.ts';"],
  ['src/checkout/x.ts', "import type Stripe from 'stripe';"],
  ['src/checkout/x.ts', "import { accountIdOf } from '../ledger/accounts.ts';"],
  ['src/sandbox/x.ts', "export { a } from '../ledger/ledger.ts';"],
  ['webhooks/event-handler.ts', "import { a } from './stripe/event.ts';"],
  ['src/http/x.ts', "const a = await import('../main.ts');"],
  ['src/a-new-room/x.ts', "import '../errors.ts';"],
])('an import that breaks the table is seen: %s with %j', (path, text) => {
  expect(breaks(importsOf({ path, text }))).toHaveLength(1);
});

test('rooms that import each other in a circle are seen', () => {
  const files = [
    { path: 'src/checkout/x.ts', text: "import { a } from '../merchant-accounts/x.ts';" },
    { path: 'src/merchant-accounts/x.ts', text: "import { a } from '../catalog/x.ts';" },
    { path: 'src/catalog/x.ts', text: "import { a } from '../checkout/x.ts';" },
  ];
  expect(breaks(files.flatMap(importsOf))).toHaveLength(3);
  expect(breaks(files.slice(0, 2).flatMap(importsOf))).toEqual([]);
});

interface HouseRule {
  readonly rule: string;
  readonly files: readonly SourceFile[];
  readonly pattern: RegExp;
  /** Where it does not hold, and why. */
  readonly except?: RegExp;
}

const houseRules: readonly HouseRule[] = [
  {
    rule: 'settings are read in one place, and given to who needs them',
    files: sources,
    pattern: /\bprocess\.env\b/,
    // PostgreSQL's own process is given the PATH and nothing else of the environment.
    except: /^src\/(config|main|commands\/.*|database\/embedded-server)\.ts$/,
  },
  {
    rule: 'time comes from the injected clock, so that moving it moves everything',
    files: sources,
    pattern: /\bnew Date\(\)|\bDate\.now\(/,
    // The clock itself; throttles and patience with other processes, which are about real seconds.
    except: /^src\/(clock|sandbox\/throttle|database\/.*|commands\/.*)\.ts$/,
  },
  {
    rule: 'an amount never becomes a floating-point number where money is decided',
    files: sources.filter(({ path }) => /^src\/(ledger|checkout|merchant-accounts)\//.test(path)),
    pattern: /\bNumber\(|\bparseFloat\(|\.toNumber\(|::(float|real|double)/,
  },
  {
    rule: 'only the ledger touches the tables of the ledger',
    files: sources,
    pattern:
      /\bledger_(transactions|entries|accounts|rollups|rollup_cursor)\b|\.ledger(Transaction|Entry|Account|Rollup)\b/,
    except: /^src\/ledger\//,
  },
  {
    rule: 'only the posting templates put debits and credits together',
    files: sources,
    pattern: /\bbalanced\(|\bPostingLine\b/,
    except: /^src\/ledger\/(posting|posting-lines|postings|reversal-postings)\.ts$/,
  },
  {
    rule: 'the compiler is never talked out of an error',
    files: [...sources, ...tests],
    pattern: /\bas unknown as [A-Z{(]|@ts-(ignore|nocheck)/,
    except: /^test\/architecture\.test\.ts$/,
  },
  {
    rule: 'no test is left out, and none takes the others’ place',
    files: tests,
    pattern: /\b(test|it|describe)\.(skip|only|todo)\b/,
    except: /^test\/architecture\.test\.ts$/,
  },
];

test.each(houseRules)('$rule', ({ files, pattern, except }) => {
  const offenders = files
    .filter(({ path }) => !except?.test(path))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
    );
  expect(offenders).toEqual([]);
});

test('a file is one thing: none is longer than 350 lines', () => {
  const long = [...sources, ...tests]
    .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
    .filter(({ lines }) => lines > 350)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
  expect(long).toEqual([]);
});
