import type { IncidentIoReader, IncidentIoWriter } from './api.ts';
import type { Caller } from './calls.ts';
import { type IncidentIoError, NotFoundError, RefusedError } from './errors.ts';
import { incidentSegment } from './ids.ts';
import { incidentAnswer } from './schemas.ts';

/**
 * Two ways to edit an incident are documented: the API's schema has the first, the page on closing incidents
 * the second. https://docs.incident.io/integrations/api-close-incidents
 */
const ROUTES = [
  { method: 'POST', route: '/v2/incidents/{id}/actions/edit' },
  { method: 'PATCH', route: '/v2/incidents/{id}' },
] as const;
type Route = (typeof ROUTES)[number];

/** Moves incidents to a status, by the route that incident.io supports. It is remembered only after it succeeded. */
export function createEdit(
  call: Caller,
  readIncident: IncidentIoReader['incident'],
  notifyIncidentChannel: boolean,
): IncidentIoWriter['editStatus'] {
  let known: Route | undefined;

  const edit = async ({ method, route }: Route, incidentId: string, statusId: string, notify: boolean) => {
    const { value, requestId } = await call({
      method,
      route,
      path: route.replace('{id}', incidentSegment(incidentId)),
      body: { incident: { incident_status_id: statusId }, notify_incident_channel: notify },
      purpose: `move incident ${incidentId} to the status ${statusId}`,
      schema: incidentAnswer,
    });
    return { incident: value, ...(requestId && { requestId }) };
  };

  return async (incidentId, statusId) => {
    const routes = known ? [known, ...ROUTES.filter((route) => route !== known)] : ROUTES;
    let missing: IncidentIoError | undefined;
    for (const route of routes) {
      try {
        const done = await edit(route, incidentId, statusId, notifyIncidentChannel).catch(
          (error: unknown) => {
            // An archived channel accepts no message, and may be why the whole edit is refused.
            if (!notifyIncidentChannel || !isAboutChannel(error)) throw error;
            return edit(route, incidentId, statusId, false);
          },
        );
        known = route;
        return done;
      } catch (error) {
        if (!isMissing(error)) throw error;
        // The incident itself may be missing: the caller has to know, and no other route helps.
        if (missing === undefined) await readIncident(incidentId);
        missing ??= error;
      }
    }
    throw new RefusedError(
      `incident.io lets incident ${incidentId} be read with this API key, but knows no way to edit it. Give the key the role to edit incidents (Settings, API keys); if it has it, look for a newer release of incident-closer. ${missing?.message}`,
      { status: missing?.status, requestId: missing?.requestId, code: missing?.code, cause: missing },
    );
  };
}

function isMissing(error: unknown): error is NotFoundError | RefusedError {
  return error instanceof NotFoundError || (error instanceof RefusedError && error.status === 405);
}

/** Whether a refusal, which took no effect, names the channel or the message there. */
function isAboutChannel(error: unknown): boolean {
  if (!(error instanceof RefusedError) || error.status === 405) return false;
  return [error.words, error.field, error.code].some((text) => text && /channel|notif/i.test(text));
}
