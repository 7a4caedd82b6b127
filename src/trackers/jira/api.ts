/** Calls to Jira's API. */
import { z } from 'zod';
import { isPage, parseBody, retryAt, unexpected } from '../api-answers.ts';
import { type ApiAccess, TrackerAccessError, type TrackerAnswer, TrackerBusyError } from '../read-back.ts';

/** An account's token is sent with its address; a personal access token is sent alone. */
export function authorizationOf(token: string): string {
  return token.includes(':') ? `Basic ${Buffer.from(token).toString('base64')}` : `Bearer ${token}`;
}

/** Sends one request. Throws unless it succeeds, except for the codes that the caller expects. */
export async function call(
  { base, path, body }: { base: string; path: string; body?: object },
  { token, now, send }: ApiAccess,
  expected: readonly number[] = [],
): Promise<TrackerAnswer> {
  const answer = await send({
    method: body === undefined ? 'GET' : 'POST',
    url: `${base}${path}`,
    headers: {
      authorization: authorizationOf(token),
      // Else a POST may be taken for a forged one: https://confluence.atlassian.com/jirakb/rest-api-calls-with-a-browser-user-agent-header-may-fail-csrf-checks-802591455.html
      ...(body !== undefined && { 'content-type': 'application/json', 'x-atlassian-token': 'no-check' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { status, headers } = answer;
  const who = `Jira at ${base}`;
  if (status === 429 || (status >= 400 && headers['retry-after'] !== undefined))
    throw new TrackerBusyError(`the rate limit of ${who} is used up`, retryAt(answer, now));
  // https://developer.atlassian.com/server/jira/platform/jira-rest-api-example-basic-authentication-6291732
  if (/CAPTCHA/i.test(headers['x-authentication-denied-reason'] ?? ''))
    throw new TrackerAccessError(
      `${who} wants a CAPTCHA from the account of JIRA_API_TOKEN after too many wrong logins: log in once as that account in a browser, and see whether the token is right`,
    );
  if (status === 403 && /XSRF check failed/i.test(answer.body))
    throw new TrackerAccessError(
      `${who} takes the request for a forged one (XSRF check failed): see what a proxy in between does to its headers`,
    );
  // From something in front of Jira: it says nothing about an issue or the token. Jira's own login pages are HTML, too.
  if (status >= 400 && status !== 401 && isPage(answer)) parseBody(z.never(), answer, who);
  // An invalid token can also mean an answer with what is public: nothing.
  if (
    status === 401 ||
    /AUTHENTICATED_FAILED|AUTHENTICATION_DENIED/.test(headers['x-seraph-loginreason'] ?? '')
  )
    throw new TrackerAccessError(
      `${who} does not accept JIRA_API_TOKEN: give email:token for Cloud, a personal access token alone for Data Center, and see whether it has expired`,
    );
  if (status === 403 && !expected.includes(403))
    throw new TrackerAccessError(
      `${who} refuses to be read with JIRA_API_TOKEN (403): its account needs the permission to browse the projects`,
    );
  if ((status >= 200 && status < 300) || expected.includes(status)) return answer;
  if (status >= 300 && status < 400) throw new Error(`${who} ${unexpected(answer)}`);
  const hint = status < 500 ? ': is that address in JIRA_URL the one of Jira itself?' : '';
  throw new Error(`${who} answered ${status}${hint}`);
}

/** The contents of an answer. Throws unless it is as documented. */
export function parsed<T>(schema: z.ZodType<T>, answer: TrackerAnswer, base: string): T {
  return parseBody(schema, answer, `Jira at ${base}`);
}
