import { expect, it } from 'vitest';
import { deadText } from '../../src/announcements/text.ts';

// What GitHub, GitLab, Linear and Jira make links and mentions of: https://github.github.com/gfm/#autolinks-extension-,
// https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
const ALIVE = [
  /(https?|ftp):\/\//i,
  /www\.\w/i,
  /\w\.\w/,
  /GH-\d/i,
  /[A-Z][A-Z0-9]+-\d/,
  /\b[0-9a-f]{7,40}\b/,
  /[@#!]\w/,
];

it.each([
  'see https://evil.example/x?y=1',
  'www.evil.example',
  'evil.example',
  'mail ops@evil.example',
  'GH-5 and gh-7',
  'SEC-12 leaked',
  'since 8a6aeb4d9c0f1e2d3c4b5a69788796a5b4c3d2e1',
  'reverts 8a6aeb4',
  'ping @everyone and acme/api#12 and !7',
])('“%s” in a name becomes no link and no mention', (name) => {
  const dead = deadText(name);
  for (const form of ALIVE) expect(dead).not.toMatch(form);
  expect(dead.replaceAll('\u2060', '')).toBe(name);
});

it('other names stay as they are', () => {
  for (const name of ['Checkout is down', 'p99 over 2 s: retries', 'Über-Ausfall, ganz'])
    expect(deadText(name)).toBe(name);
});
