import { describe, expect, it } from 'vitest';
import { sources } from '../../src/trackers/index.ts';
import { idsOf } from '../../src/trackers/request-ids.ts';

const read = (name: string, headers: Record<string, string>, body: object | string = {}, isRead = false) => {
  const source = sources.find((one) => one.name === name);
  if (source === undefined) throw new Error(`there is no ${name}`);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return idsOf(source, { headers, body: Buffer.from(text), receivedAt: 0 }, isRead);
};

describe('the ids that a request carries', () => {
  it.each([
    ['github', { 'x-github-delivery': 'd', 'x-github-hook-id': 'h' }, {}, { id: 'd', hook: 'h' }],
    ['gitlab', { 'x-gitlab-event-uuid': 'd', 'x-gitlab-webhook-uuid': 'h' }, {}, { id: 'd', hook: 'h' }],
    ['gitlab', { 'idempotency-key': 'k', 'x-gitlab-event-uuid': 'd' }, {}, { id: 'k' }],
    ['jira', { 'x-atlassian-webhook-identifier': 'd' }, {}, { id: 'd' }],
    ['linear', { 'linear-delivery': 'd' }, { data: {}, webhookId: '33dd' }, { id: 'd', hook: '33dd' }],
    ['azure-devops', {}, { subscriptionId: '5e1b', id: 'd' }, { id: 'd', hook: '5e1b' }],
    ['clickup', {}, { webhook_id: '7fa3' }, { hook: '7fa3' }],
    ['notion', {}, { id: 'd', subscription_id: 's1' }, { id: 'd', hook: 's1' }],
    ['servicenow', { 'webhook-id': 'd' }, {}, { id: 'd' }],
    ['incident-io', { 'svix-id': 'd' }, {}, { id: 'd' }],
    ['generic', { 'webhook-id': 'd' }, {}, { id: 'd' }],
    ['asana', {}, {}, {}],
  ])('are found where %s puts them', (name, headers, body, expected) => {
    expect(read(name, headers, body)).toEqual(expected);
  });

  it('are found of a body that is none, or in which somebody wrote of ids, as far as that goes', () => {
    expect(read('linear', {}, '{"webhookId')).toEqual({});
    expect(read('linear', {}, { data: { title: 'say "webhookId":"x"' }, webhookId: '33dd' })).toEqual({
      hook: '33dd',
    });
    expect(read('notion', {}, `{"id":"${'x'.repeat(70_000)}"}`)).toEqual({});
  });

  it('are bounded, whatever a stranger sends', () => {
    expect(read('github', { 'x-github-delivery': 'd'.repeat(5_000) }).id).toHaveLength(100);
  });

  it('need no second parsing of a body whose events have the id', () => {
    expect(read('notion', {}, { id: 'd', subscription_id: 's1' }, true)).toEqual({ hook: 's1' });
  });
});
