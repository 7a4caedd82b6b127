import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { z } from 'zod';
import { parsedJson } from '../json.ts';
import { ProofKey } from '../store/proof-key.ts';
import type { Tables } from '../store/tables.ts';

const answered = z.object({ proof: z.string() });
const MOST = 10_000;

/**
 * Whether a process of the same store listens at `url` (`http://127.0.0.1:3000`). While the service is down any program can
 * listen there and answer the way it would, so nothing with a secret is sent without this proof. False if there is no
 * answer within `ms`.
 */
export async function isOurService(url: string, tables: Tables, ms: number): Promise<boolean> {
  const challenge = randomBytes(32).toString('hex');
  const answer = await ask(`${url}/proof?challenge=${challenge}`, ms);
  const given = answer && answered.safeParse(answer.body).data?.proof;
  if (!answer || given === undefined) return false;
  return given === (await new ProofKey(tables).proof(challenge, answer.from));
}

interface Answer {
  body: unknown;
  /** The peer's address, from the socket. */
  from: { address: string; port: number };
}

/** Undefined if there is no answer, or a long one. */
function ask(url: string, ms: number): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const nobody = (): void => resolve(undefined);
    const request = get(url, { agent: false, signal: AbortSignal.timeout(ms) }, (response) => {
      const { remoteAddress: address = '', remotePort: port = 0 } = response.socket;
      let text = '';
      response
        .setEncoding('utf8')
        .on('error', nobody)
        .on('data', (piece: string) => {
          text += piece;
          if (text.length > MOST) request.destroy();
        });
      response
        .on('close', nobody)
        .on('end', () => resolve({ body: parsedJson(text), from: { address, port } }));
    });
    request.on('error', nobody);
  });
}
