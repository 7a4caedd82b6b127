import type { Settings } from '../settings/settings.ts';
import { type ProxyLogin, type ProxySettings, proxyLogin } from './people.ts';

/** The ways to log in to the board; with none of them it is open to this machine alone. */
export interface Logins {
  /** `ADMIN_TOKEN` */
  adminToken?: string | undefined;
  /** `VIEWER_TOKEN` */
  viewerToken?: string | undefined;
  /** An authenticating proxy in front. */
  proxy?: ProxyLogin | undefined;
}

export function loginsOf(settings: ProxySettings & Pick<Settings, 'adminToken' | 'viewerToken'>): Logins {
  const { adminToken, viewerToken } = settings;
  return { adminToken, viewerToken, proxy: proxyLogin(settings) };
}

export function hasLogin({ adminToken, viewerToken, proxy }: Logins): boolean {
  return [adminToken, viewerToken, proxy].some((login) => login !== undefined);
}

/** The names of the tokens that open the board, for people. */
export function tokenNames({ adminToken, viewerToken }: Logins): string[] {
  const names = [
    ...(adminToken === undefined ? [] : ['ADMIN_TOKEN']),
    ...(viewerToken === undefined ? [] : ['VIEWER_TOKEN']),
  ];
  return names.length > 0 ? names : ['ADMIN_TOKEN'];
}
