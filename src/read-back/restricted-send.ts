import type { Http } from '../http.ts';
import type { ApiAccess, ReadBack } from '../trackers/read-back.ts';

/** Sends only to the tracker's API, whatever address an answer may have named. */
export function restrictedSend(
  http: Http,
  readBack: Pick<ReadBack, 'apiOrigins'>,
  urls: readonly string[],
  signal?: AbortSignal,
): ApiAccess['send'] {
  const ours = new Set(urls.flatMap((url) => readBack.apiOrigins?.(url) ?? [new URL(url).origin]));
  return async (request) => {
    const { origin } = new URL(request.url);
    if (!ours.has(origin))
      throw new Error(`a request to ${origin} was not sent: the token is for ${[...ours].join(', ')} alone`);
    return http.send({ ...request, signal });
  };
}
