import { describe, expect, test } from 'vitest';
import { isPublicAddress, PrivateAddress, publicLookup, requirePublicHost } from '../../../src/outgoing/address.ts';

const inwards = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '192.0.0.1',
  '198.18.0.1',
  '203.0.113.7',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  'fe80::1',
  'fc00::1',
  'fd12:3456::1',
  'ff02::1',
  '64:ff9b::a00:1',
  '2002:7f00:1::',
  '2001:db8::1',
  'not an address',
];
const outwards = ['1.1.1.1', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:2800:220:1:248:1893:25c8:1946'];

describe('an address', () => {
  test.each(inwards)('%s leads inwards', (address) => expect(isPublicAddress(address)).toBe(false));
  test.each(outwards)('%s is public', (address) => expect(isPublicAddress(address)).toBe(true));
});

const names: Readonly<Record<string, readonly string[]>> = {
  'public.example': ['93.184.216.34'],
  'inside.example': ['10.0.0.8'],
  'both.example': ['93.184.216.34', '127.0.0.1'],
  'mapped.example': ['::ffff:192.168.0.1'],
};
const resolve = async (name: string) => (names[name] ?? []).map((address) => ({ address, family: 4 }));

describe('a host', () => {
  test.each(['inside.example', 'both.example', 'mapped.example', 'nowhere.example', '[::1]', '127.0.0.1'])(
    '%s is refused',
    async (host) => {
      await expect(requirePublicHost(host, resolve)).rejects.toThrow(PrivateAddress);
    },
  );
  test('with public addresses only is taken', async () => {
    await expect(requirePublicHost('public.example', resolve)).resolves.toBeUndefined();
    await expect(requirePublicHost('93.184.216.34', resolve)).resolves.toBeUndefined();
  });
});

const lookedUp = (name: string, from: typeof resolve): Promise<unknown> =>
  new Promise((done, reject) =>
    publicLookup(from)(name, { all: true }, (error, addresses) => (error ? reject(error) : done(addresses))),
  );

describe('a connection', () => {
  test('goes to the very address that was checked, and is refused when the name leads inwards by then', async () => {
    let asked = 0;
    const rebinding = async () => {
      asked += 1;
      return [{ address: asked === 1 ? '93.184.216.34' : '127.0.0.1', family: 4 }];
    };
    await requirePublicHost('rebinding.example', rebinding);
    await expect(lookedUp('rebinding.example', rebinding)).rejects.toThrow(PrivateAddress);
    expect(asked).toBe(2);
    await expect(lookedUp('public.example', resolve)).resolves.toEqual([{ address: '93.184.216.34', family: 4 }]);
  });
});
