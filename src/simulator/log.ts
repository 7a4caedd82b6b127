import type { RouteName } from './call.ts';

/** One request that was received, in the order of arrival. */
export interface LoggedRequest {
  at: number;
  method: string;
  path: string;
  /** Undefined for a path or method that the API does not have. */
  route?: RouteName;
  /** As it came, without the question mark. */
  query: string;
  body?: unknown;
  /** The name of its API key, where the key is known. */
  key?: string;
  /** What was answered; undefined while it is under way, and where the answer never came. */
  status?: number;
}

export interface ExchangeRequest {
  method: string;
  path: string;
  route?: RouteName;
  query: URLSearchParams;
  contentType?: string;
  /** As it came; empty where there is none. */
  bodyText: string;
}

export interface ExchangeResponse {
  status: number;
  contentType?: string;
  headers: Record<string, string>;
  bodyText: string;
  /** False where it is a misbehaviour's answer, which no schema describes. */
  genuine: boolean;
}

/** Sees every request that got an answer. What it throws is thrown again when the stand-in is closed. */
export type ExchangeObserver = (request: ExchangeRequest, response: ExchangeResponse) => void;
