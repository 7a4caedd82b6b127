import { expect } from 'vitest';
import { FORGERY_HEADER } from '../../src/board/access.ts';
import type { BoardView } from '../../src/board/view.ts';
import type { Section } from '../../src/review/sections.ts';

/** What the page asks for, as the page does. */

export async function readBoard(url: string, query = ''): Promise<BoardView & { forgeryToken: string }> {
  const answer = await fetch(`${url}/api/board${query}`);
  expect(answer.status).toBe(200);
  const view: BoardView & { forgeryToken: string } = JSON.parse(await answer.text());
  return view;
}

/** The references in a group, in their order. */
export async function listed(url: string, group: Section): Promise<string[]> {
  const { groups } = await readBoard(url);
  expect(groups[group].rows.length).toBe(groups[group].all);
  return groups[group].rows.map(({ reference }) => reference);
}

export async function press(
  url: string,
  path: string,
  body: object,
): Promise<{ status: number; body: unknown }> {
  const { forgeryToken } = await readBoard(url);
  const answer = await fetch(`${url}/api/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [FORGERY_HEADER]: forgeryToken },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

/** One number of `/metrics`; `undefined`: it is not there. */
export async function metric(url: string, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`incident_closer_${name} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}
