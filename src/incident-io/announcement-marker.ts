/**
 * The ending of each text that announces a closing where nothing hidden can be stored: it identifies the text later, so
 * that it is posted once.
 */
export function markerOf(closure: string): string {
  return `incident-closer, closing ${closure}`;
}

/** The same where a task was opened again; `id` is a UUID. */
export function reopenedMarkerOf(id: string): string {
  return `incident-closer, opened again ${id}`;
}

const MARKER = /incident-closer, (?:closing|opened again) [0-9a-f]{8}-[0-9a-f-]{27}/;

/** Whether an update of an incident is one of our announcements, which did not move the incident. */
export function isAnnouncement(message: string | undefined): boolean {
  return message !== undefined && MARKER.test(message);
}
