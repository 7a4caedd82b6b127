import { createHmac } from 'node:crypto';
import { AT, type Samples } from '../samples.ts';
import { automation, checkbox, event, PAGE, page, select, source, status, updated } from './payloads.ts';

const hex = PAGE.replaceAll('-', '');
const task = `notion:${hex}`;

export const notion: Samples = {
  signature: 'x-notion-signature',
  authenticates: 'body',
  headers: (body, secret) => ({
    'content-type': 'application/json',
    'x-notion-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }),
  events: [
    {
      what: 'moved to the trash',
      payload: event('page.deleted'),
      expected: { task, state: 'deleted', occurredAt: AT, by: 'person', actor: 'u1', delivery: 'e1' },
    },
    {
      what: 'moved to the trash by somebody of several',
      payload: event('page.deleted', {
        authors: [
          { id: 'u1', type: 'person' },
          { id: 'b1', type: 'bot' },
        ],
      }),
      expected: { task, state: 'deleted', by: 'unknown' },
    },
    {
      what: 'done, as an automation tells',
      payload: automation(page({ Status: status('Done') })),
      expected: { task, state: 'done', by: 'unknown', delivery: 'e2' },
    },
    {
      what: 'cancelled, as an automation tells, which knows no group',
      payload: automation(page({ Status: status('cancelled') })),
      expected: { task, state: 'declined' },
    },
    {
      what: 'not started, as an automation tells',
      payload: automation(page({ Status: status('Not started') })),
      expected: { task, state: 'open' },
    },
    {
      what: 'without a status, as an automation tells',
      payload: automation(page({ Status: status(null) })),
      expected: { task, state: 'open' },
    },
    {
      what: 'ticked, as an automation tells',
      payload: automation(page({ Done: checkbox(true) })),
      expected: { task, state: 'done' },
    },
    {
      what: 'in the trash, as an automation tells',
      payload: automation(page({ Status: status('Done') }, { in_trash: true })),
      expected: { task, state: 'deleted' },
    },
  ],
  hints: [
    {
      what: 'properties changed',
      payload: updated('st%40t'),
      expected: { task, by: 'unknown', delivery: 'e1' },
    },
    { what: 'title and properties changed', payload: updated('title', 'st%40t'), expected: { task } },
    { what: 'properties changed, which is not told', payload: updated(), expected: { task } },
    { what: 'created', payload: event('page.created'), expected: { task } },
    { what: 'restored from the trash', payload: event('page.undeleted'), expected: { task } },
    { what: 'moved', payload: event('page.moved'), expected: { task } },
  ],
  api: (state) => (request) => ({
    status: 200,
    headers: {},
    body: JSON.stringify(
      request.url.includes('/data_sources/')
        ? source({ 'To-do': ['Not started'], 'In progress': ['Doing'], Complete: ['Shipped', 'Won’t do'] })
        : {
            done: page({ Status: status('Shipped') }),
            declined: page({ Status: status('Won’t do') }),
            open: page({ Status: status('Not started') }),
            deleted: page({ Status: status('Shipped') }, { in_trash: true }),
          }[state],
    ),
  }),
  unknownStates: [
    automation(page({ Status: status('Released to the moon') })),
    automation(page({ Status: status('Doneish') })),
    automation(page({ Status: status('__proto__') })),
    automation(page({ Status: { id: 'x', type: 'status', status: { name: '' } } })),
    automation(page({ Result: { id: 'x', type: 'formula', formula: { type: 'string', string: 'Done' } } })),
    automation(page({ Stage: select('Done') })),
    automation(page({ Status: status('Done'), Review: status('Not started') })),
  ],
  permalinks: [
    [`https://www.notion.so/acme/Rotate-the-keys-${hex}`, task],
    [`https://www.notion.so/acme/Rotate-the-keys-${hex.toUpperCase()}/`, task],
    [`https://www.notion.so/Rotate-the-keys-${hex}?source=copy_link`, task],
    [`https://www.notion.so/${hex}`, task],
    [`https://www.notion.so/${PAGE}`, task],
    [`https://notion.com/acme/${hex}#${'a'.repeat(32)}`, task],
    [`https://app.notion.com/p/Rotate-the-keys-${hex}`, task],
    [`https://acme.notion.site/Rotate-the-keys-${hex}`, task],
    [`https://www.notion.so/acme/${'d'.repeat(32)}?v=${'e'.repeat(32)}&p=${hex}&pm=s`, task],
    [`https://www.notion.so/acme/Board-${'d'.repeat(32)}?p=${hex}`, task],
    [`https://www.notion.so/acme?page_id=${PAGE}`, task],
    [`notion://www.notion.so/acme/Rotate-the-keys-${hex}`, task],
  ],
  notTasks: [
    '',
    hex,
    'https://www.notion.so/acme',
    'https://www.notion.so/acme/TASK-12',
    `https://www.notion.so/acme/Rotate-the-keys-${hex}-more`,
    `https://www.notion.so/acme/Tasks-${'d'.repeat(32)}?v=${'e'.repeat(32)}`,
    `https://www.notion.so/acme/Tasks-${'d'.repeat(32)}?p=none`,
    `https://notion.so.evil.example/${hex}`,
    `https://evilnotion.so/${hex}`,
    `javascript://www.notion.so/${hex}`,
  ],
};
