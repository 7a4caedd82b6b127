/**
 * Links to tasks of Asana. The older form (`/0/…`) remains valid along with the newer one (`/1/<workspace>/…`).
 * https://forum.asana.com/t/upcoming-new-v1-asana-url-format-in-the-browser/1011489
 */
const HOST = 'app.asana.com';
const GID = /^[1-9]\d{0,24}$/;
/** Path parts of the newer form that are followed by the id of a task; the last one counts (a subtask is a task). */
const KINDS = ['task', 'subtask', 'item'];

/** The id of the task in a link; ids are texts, as they exceed exact numbers. */
export function gidOf(permalink: string): string | undefined {
  const url = URL.canParse(permalink) ? new URL(permalink) : undefined;
  if (url === undefined || url.host !== HOST || !/^https?:$/.test(url.protocol)) return undefined;
  const [form, ...path] = url.pathname.split('/').filter((part) => part !== '');
  const gid = form === '0' ? ofOldForm(path) : form === '1' ? ofNewForm(path) : undefined;
  return gid !== undefined && GID.test(gid) ? gid : undefined;
}

/** `/0/<project or 0>/<task>`, `/0/search/<search>/<task>`, `/0/home/<user>/<task>`, `/0/inbox/<user>/<task>/<story>`. */
function ofOldForm([place = '', second, third]: string[]): string | undefined {
  return /^(search|home|inbox)$/.test(place) ? third : /^\d+$/.test(place) ? second : undefined;
}

function ofNewForm(path: string[]): string | undefined {
  const at = Math.max(...KINDS.map((kind) => path.lastIndexOf(kind)));
  return at === -1 ? undefined : path[at + 1];
}
