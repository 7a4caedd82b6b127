import { describe, expect, it, type TestContext } from 'vitest';
import { servicenow } from '../../../src/trackers/servicenow/index.ts';
import { fakeApi } from '../fake-api.ts';
import { SYS_ID } from './payloads.ts';

const ORIGINAL = 'f'.repeat(32);

async function read(test: TestContext, closing: Record<string, string>) {
  const task = {
    sys_id: SYS_ID,
    sys_class_name: 'problem',
    state: '107',
    active: 'false',
    sys_mod_count: '9',
  };
  const api = await fakeApi(test, ({ path }) => ({
    body: { result: [path.includes('/table/task?') ? task : { sys_id: SYS_ID, ...closing }] },
  }));
  const key = `servicenow:${api.host}/${SYS_ID}`;
  const { events, unreadable } = await api.read(servicenow, [key]);
  return { host: api.host, event: events.get(key), why: unreadable.get(key) };
}

describe('reading a problem of ServiceNow that is closed as a duplicate', () => {
  it('tells of which, and nothing where that is empty', async (test) => {
    const { host, event } = await read(test, { resolution_code: 'duplicate', duplicate_of: ORIGINAL });
    expect(event).toMatchObject({ state: 'declined', canonical: `servicenow:${host}/${ORIGINAL}` });
    const other = await read(test, { resolution_code: 'duplicate', duplicate_of: '' });
    expect(other.event).toMatchObject({ state: 'declined' });
    expect(other.event).not.toHaveProperty('canonical');
  });

  it('knows nothing of it where the field is not shown, and needs it for no other', async (test) => {
    const { event, why } = await read(test, { resolution_code: 'duplicate' });
    expect(event).toBeUndefined();
    expect(why).toContain('duplicate_of');
    expect((await read(test, { resolution_code: 'fix_applied' })).event).toMatchObject({ state: 'done' });
  });
});
