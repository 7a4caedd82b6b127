/**
 * Whether an incident must not be mentioned anywhere outside incident.io. `visibility` is `public` or `private`; an
 * unknown one, or one from a later version of the API, counts as private.
 */
export function isPrivate(visibility: string | undefined): boolean {
  return visibility !== 'public';
}
