import { expect, it } from 'vitest';
import { addressOf, networkOf } from '../../src/board/client-address.ts';

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:C000:0201', '192.0.2.1'],
  ['2001:db8:1:2::1', '2001:db8:1:2'],
  ['2001:0DB8:0001:0002:ffff:0:0:9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8::', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['1::1.2.3.4', '1:0:0:0'],
])('%s is in the place %s', (address, place) => expect(networkOf(address)).toBe(place));

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:4711', '203.0.113.7'],
  ['[2001:db8::7]:4711', '2001:db8::7'],
  ['2001:db8::7', '2001:db8::7'],
  ['unknown', '10.0.0.1'],
  ['_hidden', '10.0.0.1'],
  ['x'.repeat(10_000), '10.0.0.1'],
  ['', '10.0.0.1'],
])('%s that a proxy tells is the address %s', (ip, address) =>
  expect(addressOf({ ip, raw: { socket: { remoteAddress: '10.0.0.1' } } })).toBe(address),
);
