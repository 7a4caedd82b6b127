/** Filters of Linear's API, of the kinds that are asked by here: https://linear.app/developers/filtering */

/** `{or: [{team: {key: {eq}}, number: {in}}]}` */
export function fits(filter: unknown, team: string, number: number): boolean {
  if (typeof filter !== 'object' || filter === null) return true;
  return Object.entries(filter).every(([name, value]) => {
    if (name === 'or') return Array.isArray(value) && value.some((one) => fits(one, team, number));
    if (name === 'team') return value?.key?.eq === team;
    if (name === 'number') return value?.in?.includes(number) ?? value?.eq === number;
    throw new Error(`a filter that the stand-in does not know: ${name}`);
  });
}
