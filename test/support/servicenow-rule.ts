import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import type { Delivery } from '../../src/trackers/tracker.ts';
import { HOST, SYS_ID } from '../trackers/servicenow/payloads.ts';

/** Runs the business rule of docs/trackers/servicenow.md, with a stand-in of what ServiceNow gives to its scripts. */
const page = readFileSync(join(import.meta.dirname, '../../docs/trackers/servicenow.md'), 'utf8');
export const rule = /<!-- rule -->\s*```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
export interface Change {
  record: Record<string, string>;
  /** Its state before. */
  before: string;
  operation: string;
  secret: string;
  /** ms */
  at: number;
}

/** What the rule sends for a change of a record. */
export function sentByRule({ record, before, operation, secret, at }: Change): Delivery {
  const headers: Record<string, string> = {};
  let body = '';
  let isSent = false;
  class RESTMessageV2 {
    setEndpoint(address: string) {
      expect(address).toBe('https://<your address>/webhooks/servicenow');
    }
    setHttpMethod(method: string) {
      expect(method).toBe('post');
    }
    setHttpTimeout() {}
    setRequestHeader(name: string, value: string) {
      headers[name.toLowerCase()] = value;
    }
    setRequestBody(text: string) {
      body = text;
    }
    executeAsync() {
      isSent = true;
    }
  }
  // Takes its key, and gives the code, as base64.
  class GlideCertificateEncryption {
    generateMac(key: string, algorithm: string, data: string) {
      expect(algorithm).toBe('HmacSHA256');
      return createHmac('sha256', Buffer.from(key, 'base64')).update(data).digest('base64');
    }
  }
  const fields: Record<string, string> = { number: 'INC0010001', active: '1', sys_mod_count: '7', ...record };
  const current = {
    isValidField: (name: string) => name in fields,
    getValue: (name: string) => fields[name] ?? null,
    operation: () => operation,
    getRecordClassName: () => 'incident',
    getUniqueValue: () => SYS_ID,
  };
  const properties: Record<string, string> = {
    'incident_closer.secret': secret,
    'glide.servlet.uri': `https://${HOST}/`,
  };
  runInNewContext(rule, {
    current,
    previous: operation === 'delete' ? null : { getValue: () => before },
    gs: {
      getProperty: (name: string) => properties[name],
      generateGUID: () => randomUUID().replaceAll('-', ''),
    },
    GlideCertificateEncryption,
    sn_ws: { RESTMessageV2 },
    Date: class {
      getTime() {
        return at;
      }
    },
  });
  expect(isSent).toBe(true);
  return { headers, body: Buffer.from(body), receivedAt: at };
}
