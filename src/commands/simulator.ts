import { randomUUID } from 'node:crypto';
import { deliver } from '../demo/webhook.ts';
import { OperationError } from '../operations/operation.ts';
import { duration, NotAllowed } from '../settings/kinds.ts';
import { movableClock, playHistory } from '../simulator/play.ts';
import { runSimulator, STANDALONE_PORT } from '../simulator/run.ts';
import type { Simulator } from '../simulator/running-simulator.ts';
import { seedIncidents } from '../simulator/seed.ts';
import { printLines } from '../terminal.ts';
import { MisusedError } from './misused-error.ts';

/** The webhook secret of the stand-in tracker. Whoever knows it can fool the service that is tried, and nothing else. */
export const SIMULATOR_SECRET = 'simulator-webhook-secret';
const SERVICE = 'http://127.0.0.1:3000';

const DAY = 86_400_000;

/** `simulator [--incidents N] [--history 365d] [--port N]`: a stand-in of incident.io, until SIGINT or SIGTERM. */
export async function simulatorCommand({
  incidents,
  history,
  port = STANDALONE_PORT,
}: {
  incidents: number;
  /** Over how long they happened; absent: all of them are there now. */
  history?: string;
  port?: number;
}): Promise<number> {
  const span = history === undefined ? undefined : spanOf(history);
  const clock = movableClock();
  if (span !== undefined) clock.time = Date.now() - span;
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
  });
  const simulator = await runSimulator({ port, organisation: 'Simulated', clock }, () => {}).catch(
    (error) => {
      if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
        throw new OperationError(`Port ${port} is in use: give another one with --port.`);
      throw error;
    },
  );
  if (span === undefined) {
    seedIncidents(simulator, incidents);
    printLines(...scene(simulator));
  } else {
    playHistory(simulator, clock, { incidents, span });
    printLines(...pastScene(simulator, incidents));
  }
  await stopped;
  await simulator.close();
  return 0;
}

function spanOf(text: string): number {
  try {
    return duration(DAY, 1_000 * DAY).parse(text);
  } catch (error) {
    if (error instanceof NotAllowed) throw new MisusedError(`--history is "${text}": give ${error.message}.`);
    throw error;
  }
}

function pastScene({ url, token }: Simulator, incidents: number): string[] {
  return [
    `A stand-in of incident.io listens on ${url}, with the history of ${incidents} incidents: people who closed early and late, moved back, and went on. Look back in another terminal:`,
    '',
    `  INCIDENT_IO_API_URL=${url} INCIDENT_IO_API_KEY=${token} \\`,
    '  QUEUE_URL=.simulator incident-closer --no-env-file backtest --since 365d',
  ];
}

function scene(simulator: Simulator): string[] {
  const lines = simulator
    .incidents()
    .flatMap(({ id, reference, name, status }) => [
      `${reference.padEnd(8)} ${name}, ${status.name}`,
      ...simulator
        .followUps(id)
        .map(
          (followUp) =>
            `           ${(followUp.reference?.name ?? '(no issue)').padEnd(14)} ${followUp.title} (${followUp.status})`,
        ),
    ]);
  return [
    ...lines,
    '',
    `A stand-in of incident.io listens on ${simulator.url}. Start the service with it in another terminal:`,
    '',
    `  INCIDENT_IO_API_URL=${simulator.url} INCIDENT_IO_API_KEY=${simulator.token} \\`,
    `  GITHUB_WEBHOOK_SECRET=${SIMULATOR_SECRET} QUEUE_URL=.simulator incident-closer --no-env-file start`,
    '',
    'Then close an issue in a third, as GitHub would tell it: incident-closer simulator close acme/api#1',
    'Incidents in which all was done before the service started are its backlog, and stay open.',
  ];
}

export interface IssueOptions {
  /** Where the service listens. */
  to?: string | undefined;
  secret?: string | undefined;
}

/** `simulator close|reopen <issue>`: tells a running service that an issue of GitHub was closed or reopened. */
export async function simulatorIssueCommand(
  action: 'closed' | 'reopened',
  issue: string,
  { to = SERVICE, secret = SIMULATOR_SECRET }: IssueOptions,
): Promise<number> {
  if (!/^[\w.-]+\/[\w.-]+#[1-9]\d*$/.test(issue))
    throw new MisusedError(`"${issue}" is no issue: give one as acme/api#1.`);
  if (!URL.canParse(to)) throw new MisusedError(`"${to}" is no address: give one as ${SERVICE}.`);
  const webhook = { url: to.replace(/\/$/, ''), secret, name: issue, action, delivery: randomUUID() };
  const answer = await deliver(webhook).catch((error) => {
    const why =
      error instanceof Error && 'code' in error ? `nobody listens there (${error.code})` : undefined;
    if (why === undefined && !(error instanceof Error)) throw error;
    throw new OperationError(`The service at ${to} took no webhook: ${why ?? error.message}`);
  });
  printLines(`GitHub told ${to} that ${issue} was ${action}: ${answer}`);
  return 0;
}
