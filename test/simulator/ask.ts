import type { Simulator } from '../../src/simulator/running-simulator.ts';

/** A plain request to the stand-in, with the answer read. */
export interface Asked {
  method?: string;
  /** The first key's where not given; `null`: no header at all. */
  token?: string | null;
  body?: unknown;
}

export interface Answered {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined where it is none. */
  body: unknown;
}

export async function ask(simulator: Simulator, path: string, asked: Asked = {}): Promise<Answered> {
  const { method = 'GET', token = simulator.token, body } = asked;
  const response = await fetch(`${simulator.url}${path}`, {
    method,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

/** What lies at a path such as `follow_ups.0.id` in a body. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((node, step) => {
    if (typeof node !== 'object' || node === null) return undefined;
    return Object.entries(node).find(([key]) => key === step)?.[1];
  }, value);
}

/** The field of every entry of a list in a body. */
export function each(value: unknown, list: string, field: string): unknown[] {
  const entries = at(value, list);
  return Array.isArray(entries) ? entries.map((entry) => at(entry, field)) : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
