import { describe, expect, it } from 'vitest';
import type { ExchangeRequest, ExchangeResponse } from '../../src/simulator/log.ts';
import { ContractBreach, checkExchange, schemaIsThere } from '../support/contract.ts';

/** The check itself bites: each of these differs from a good exchange in one thing. */
describe.skipIf(!schemaIsThere)('a breach of the contract is found', () => {
  const request = (over: Partial<ExchangeRequest> = {}): ExchangeRequest => ({
    method: 'GET',
    path: '/v3/follow_ups',
    query: new URLSearchParams(),
    bodyText: '',
    ...over,
  });
  const response = (body: unknown, over: Partial<ExchangeResponse> = {}): ExchangeResponse => ({
    status: 200,
    contentType: 'application/json',
    headers: {},
    bodyText: JSON.stringify(body),
    genuine: true,
    ...over,
  });
  const page = { follow_ups: [], pagination_meta: { page_size: 25 } };
  const put = (body: unknown, over: Partial<ExchangeRequest> = {}): ExchangeRequest =>
    request({
      method: 'PUT',
      path: '/v3/follow_ups/1',
      contentType: 'application/json',
      bodyText: JSON.stringify(body),
      ...over,
    });
  const misbehaved = response('', { genuine: false });

  it('but not in an exchange that is right', () => {
    const query = new URLSearchParams('page_size=250&updated_at[gte]=2026-01-01T00:00:00Z');
    expect(() => checkExchange(request({ query }), response(page))).not.toThrow();
    expect(() => checkExchange(put({ title: 'a', status: 'completed' }), misbehaved)).not.toThrow();
  });

  it.each([
    ['an unknown path', request({ path: '/v3/follow-ups' })],
    ['an unknown method', request({ method: 'DELETE' })],
    ['an unknown parameter', request({ query: new URLSearchParams('status=completed') })],
    ['a page too large', request({ query: new URLSearchParams('page_size=251') })],
    ['a page size that is no number', request({ query: new URLSearchParams('page_size=all') })],
    ['a mode that does not exist', request({ query: new URLSearchParams('incident_mode=live') })],
    ['two values where one is taken', request({ query: new URLSearchParams('incident_id=1&incident_id=2') })],
    ['a filter without its operator', request({ query: new URLSearchParams('updated_at=2026-01-01') })],
    [
      'an operator that does not exist',
      request({ query: new URLSearchParams('updated_at[after]=2026-01-01') }),
    ],
    ['a body where there is none', request({ bodyText: '{}' })],
    ['a body that lacks a field', put({ title: 'a' })],
    ['a body with a field that does not exist', put({ title: 'a', status: 'completed', done: true })],
    ['a status that does not exist', put({ title: 'a', status: 'done' })],
    ['null where a text is wanted', put({ title: 'a', status: 'completed', assignee_id: null })],
    ['another type of content', put({ title: 'a', status: 'completed' }, { contentType: 'text/plain' })],
  ])('of the request: %s', (_what, asked) => {
    expect(() => checkExchange(asked, misbehaved)).toThrow(ContractBreach);
  });

  it.each([
    ['a field is missing', response({ follow_ups: [] })],
    ['a field is invented', response({ ...page, total: 0 })],
    ['an entry is incomplete', response({ ...page, follow_ups: [{ id: '1' }] })],
    ['no JSON', response(page, { bodyText: '<html>' })],
    ['another type of content', response(page, { contentType: 'text/html' })],
    ['a status that is not described', response(page, { status: 202 })],
    ['an error with the body of a success', response(page, { status: 500 })],
    [
      'an error that contradicts itself',
      response({ type: 'conflict', status: 409, request_id: '1', errors: [] }, { status: 500 }),
    ],
  ])('of the answer: %s', (_what, answered) => {
    expect(() => checkExchange(request(), answered)).toThrow(ContractBreach);
  });
});
