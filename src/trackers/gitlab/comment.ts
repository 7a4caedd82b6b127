/** Comments on issues of GitLab, which it calls notes: https://docs.gitlab.com/api/notes/ */
import { asMarkdown, CannotCommentError, type Commenting, hidden, MOST_PAGES } from '../comment.ts';
import { TrackerAccessError } from '../read-back.ts';
import { GitLabApi, PAGE, rootOf } from './api.ts';
import { baseOf, KEY } from './read-back.ts';

export const commenting: Commenting = {
  right: 'the scope **api**',
  async comment({ task, text, url, marker, since, mayPost }, access) {
    const [, where = '', iid] = KEY.exec(task) ?? [];
    const base = baseOf(task, access.urls);
    if (base === undefined || iid === undefined || task.startsWith('gitlab:id:'))
      throw new CannotCommentError(
        `${task} is no issue of a project in a GitLab whose address is in GITLAB_URL`,
      );
    const project = where.slice(rootOf(base).length + 1);
    const api = new GitLabApi(base, access);
    const mark = hidden(marker);
    for (let page = 1; page <= MOST_PAGES; page++) {
      const { status, notes } = await api.notes(project, iid, page);
      refuse(status, 200);
      if (notes.some(({ body }) => body.includes(mark))) return;
      const oldest = Date.parse(notes.at(-1)?.created_at ?? '');
      if (notes.length < PAGE || oldest < since) break;
    }
    await mayPost();
    refuse(await api.addNote(project, iid, `${asMarkdown({ text, url })}\n\n${mark}`), 201);
  },
};

function refuse(status: number, expected: number): void {
  if (status === expected) return;
  if (status === 403 || status === 404)
    throw new TrackerAccessError(
      `GitLab does not let the token in GITLAB_API_TOKEN comment there (${status}): it needs the scope api, and its account the right to comment on the issue`,
    );
  throw new Error(`GitLab did not take the comment (${status})`);
}
