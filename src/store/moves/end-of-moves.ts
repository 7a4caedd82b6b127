/** The end of the path from a task; if it loops, the first by name of the tasks in the loop. */
export function endOf(task: string, next: ReadonlyMap<string, string | undefined>): string {
  const way = [task];
  for (let last = task; ; ) {
    const key = next.get(last);
    if (key === undefined) return last;
    if (way.includes(key)) return way.slice(way.indexOf(key)).sort()[0] ?? key;
    way.push(key);
    last = key;
  }
}
