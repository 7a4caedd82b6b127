import type { Logger } from '../log.ts';
import type { LivePolicy, PolicyNews } from '../policy/live-policy.ts';
import { sleep } from '../sleep.ts';

/**
 * How often the policy file is read, ms. It is read rather than watched: `fs.watch` tells nothing of changes on network
 * file systems, nor of a ConfigMap whose folder is replaced behind a link.
 * https://nodejs.org/api/fs.html#caveats
 */
export const CHECK_EVERY = 5_000;
/** How long what was found has to stay as it is, ms. */
const SETTLES_WITHIN = 1_000;

export interface PolicyWatchDeps {
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** ms */
  every?: number;
  settles?: number;
  /** Called when another policy, or a problem, was told. */
  onNews?(news: PolicyNews): void;
}

export interface PolicyWatch {
  /** Reads the file now, and says so if it says what it said. */
  reread(): void;
  close(): void;
}

/** Keeps a policy as its file is, until it is closed. */
export function watchPolicy(
  policy: LivePolicy,
  { log, every = CHECK_EVERY, settles = SETTLES_WITHIN, onNews = () => {} }: PolicyWatchDeps,
): PolicyWatch {
  const stop = new AbortController();
  let rest = new AbortController();
  let isAsked = false;
  const reread = async (): Promise<boolean> => {
    const wasAsked = isAsked;
    const { settled, news } = await policy.reread();
    if (stop.signal.aborted) return true;
    if (news !== undefined) {
      tell(news, log);
      onNews(news);
    } else if (settled && wasAsked)
      log.info(policy.problem ?? 'the policy file says what it said: nothing changed');
    if (settled && wasAsked) isAsked = false;
    return settled;
  };
  const keepRereading = async () => {
    while (!stop.signal.aborted) {
      rest = new AbortController();
      let settled = true;
      try {
        settled = await reread();
      } catch (err) {
        log.error({ err }, 'the policy file could not be looked at; it is tried again');
      }
      await sleep(settled ? every : settles, settled ? rest.signal : stop.signal);
    }
  };
  void keepRereading();
  return {
    reread() {
      isAsked = true;
      rest.abort();
    },
    close() {
      stop.abort();
      rest.abort();
    },
  };
}

function tell({ kind, words }: PolicyNews, log: PolicyWatchDeps['log']): void {
  if (kind === 'wrong') log.warn(words);
  else if (kind === 'fixed') log.info(`the policy file is right again. ${words}`);
  else log.info(`the policy changed: ${words}. Every incident whose verdict rested on it is looked at again`);
}
