import { systemClock } from '../clock.ts';
import type { Context } from '../service/context.ts';
import { clockFindings } from './clock.ts';
import { configurationFindings } from './configuration.ts';
import type { Finding } from './finding.ts';
import { incidentIoFindings } from './incident-io.ts';
import { queueFindings } from './queue.ts';
import { sourceFindings } from './sources.ts';

/**
 * Looks at everything that has to be right. `service` is where a service may run that takes webhooks
 * (`http://127.0.0.1:3000`). Changes nothing; costs four calls to incident.io.
 */
export async function examine(context: Context, service: string | undefined): Promise<Finding[]> {
  const { settings, backend, store, clock } = context;
  const incidentIo = await incidentIoFindings(context);
  return [
    ...configurationFindings(settings, context.policy),
    ...(await queueFindings(backend, store, clock.now())),
    // After incident.io has answered.
    ...clockFindings(context.clockAhead(), clock.now() - systemClock.now()),
    ...incidentIo,
    ...(await sourceFindings(context, service)),
  ];
}
