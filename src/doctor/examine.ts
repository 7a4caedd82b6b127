import { systemClock } from '../clock.ts';
import type { Context } from '../context/context.ts';
import { runningWorkers, webhooksTaken } from '../store/process-notes.ts';
import { clockFindings } from './clock.ts';
import { configurationFindings } from './configuration.ts';
import type { Finding } from './finding.ts';
import { incidentIoFindings } from './incident-io.ts';
import { policyFindings } from './policy.ts';
import { queueFindings } from './queue.ts';
import { refusalFindings } from './refusals.ts';
import { sourceFindings } from './sources.ts';

/**
 * Checks everything that has to be right. `service` is where a service that accepts webhooks may run
 * (`http://127.0.0.1:3000`). Changes nothing; costs four calls to incident.io.
 */
export async function examine(context: Context, service: string | undefined): Promise<Finding[]> {
  const { settings, backend, store, clock } = context;
  const incidentIo = await incidentIoFindings(context);
  // Why the store could not be read is said with the queue.
  const [taken, workers] = await Promise.all([
    webhooksTaken(store, clock.now()).catch(() => undefined),
    runningWorkers(store, clock.now()).catch(() => undefined),
  ]);
  return [
    ...configurationFindings(settings, context.policy, taken),
    ...policyFindings(context.policy, workers),
    ...(await queueFindings(backend, store, clock.now())),
    // After incident.io has answered.
    ...clockFindings(context.clockAhead(), clock.now() - systemClock.now()),
    ...incidentIo,
    ...(await sourceFindings(context, service, taken ?? [])),
    ...(await refusalFindings(context)),
  ];
}
