import { describe, expect, it } from 'vitest';
import { proxyFor, proxyName, readProxies } from '../src/proxy.ts';

const HTTPS = 'http://proxy.example:3128';
const both = readProxies({ HTTPS_PROXY: HTTPS, HTTP_PROXY: 'http://other.example:3128' });

describe('the proxy that a request takes', () => {
  it('is that of its scheme; HTTP_PROXY serves both where it is the only one', () => {
    expect(proxyFor('https://api.incident.io/v2', both)).toBe(HTTPS);
    expect(proxyFor('http://jira.example/rest', both)).toBe('http://other.example:3128');
    expect(proxyFor('https://api.incident.io', readProxies({ HTTP_PROXY: HTTPS }))).toBe(HTTPS);
    expect(proxyFor('http://jira.example', readProxies({ HTTPS_PROXY: HTTPS }))).toBeUndefined();
    expect(
      proxyFor('https://a.example', readProxies({ https_proxy: 'http://small:1', HTTPS_PROXY: HTTPS })),
    ).toBe('http://small:1');
  });

  it('is none for this machine, whatever is set', () => {
    for (const host of ['localhost:4318', '127.0.0.1:3000', '[::1]:3000'])
      expect(proxyFor(`http://${host}/`, both)).toBeUndefined();
  });

  it.each([
    ['example.com', 'https://example.com', false],
    ['example.com', 'https://jira.example.com', false],
    ['.example.com', 'https://jira.example.com', false],
    ['*.example.com', 'https://jira.example.com', false],
    ['example.com', 'https://notexample.com', true],
    ['example.com:8443', 'https://example.com', true],
    ['example.com:8443', 'https://example.com:8443', false],
    ['a.example, b.example', 'https://b.example', false],
    ['*', 'https://anything.example', false],
  ])('NO_PROXY=%s and %s', (NO_PROXY, url, proxied) => {
    expect(proxyFor(url, readProxies({ HTTPS_PROXY: HTTPS, NO_PROXY }))).toBe(proxied ? HTTPS : undefined);
  });

  it('is told without its user and password', () => {
    expect(proxyName('http://user:s3cret@proxy.example:3128')).toBe('http://proxy.example:3128');
  });
});
