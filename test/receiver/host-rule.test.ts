import { describe, expect, it } from 'vitest';
import { hostRule } from '../../src/receiver/host-rule.ts';

const on = (host: string, allowed: string[] = []) => {
  const rule = hostRule({ host, allowed });
  return (given: string | undefined) => rule(given === undefined ? {} : { host: given });
};

describe.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost', 'LOCALHOST'])('served on %s', (host) => {
  it.each([
    'localhost',
    'localhost:3000',
    'LocalHost',
    '127.0.0.1:3000',
    '127.8.8.8',
    '[::1]:3000',
    undefined,
  ])('Host %s is this machine', (given) => expect(on(host)(given)).toBe(true));

  it.each([
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    'localhost/.evil.example',
    '10.0.0.1',
    '',
    ' ',
  ])('Host "%s" is not', (given) => expect(on(host)(given)).toBe(false));

  it('ALLOWED_HOSTS are, in any case and with any port', () => {
    const rule = on(host, ['closer.internal', '[fd00::7]']);
    for (const given of ['closer.internal', 'Closer.Internal:9000', '[fd00::7]:3000'])
      expect(rule(given), given).toBe(true);
    expect(rule('other.internal')).toBe(false);
  });
});

it.each(['0.0.0.0', '::', '10.0.0.1', 'closer.internal'])('served on %s, any Host is answered', (host) => {
  for (const given of ['evil.example', '10-0-0-1.default.pod.cluster.local', '', undefined])
    expect(on(host)(given)).toBe(true);
});
