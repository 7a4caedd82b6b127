import { createHttp } from '../../src/http.ts';
import type { Notification } from '../../src/notifications/destination.ts';
import { T0 } from '../support/make.ts';

export const NEVER = new AbortController().signal;

export const http = () => createHttp({ total: 5_000 });

export function notification(over: Partial<Notification> = {}): Notification {
  return {
    key: 'incident-closer acme key',
    state: 'trouble',
    severity: 'critical',
    title: 'the API key does not work',
    lines: ['incident.io rejects the API key'],
    at: T0,
    ...over,
  };
}
