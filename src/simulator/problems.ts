/** A request that is answered with incident.io's error body. https://docs.incident.io/api-reference/errors */
export class Problem extends Error {
  readonly status: number;
  readonly body: ProblemBody;

  constructor(status: number, body: Partial<ProblemBody> & { errors: ProblemDetail[] }) {
    super(body.errors.map((error) => error.message).join('; '));
    this.status = status;
    this.body = { type: TYPES[status] ?? 'api_error', status, request_id: '', ...body };
  }
}

export interface ProblemBody {
  type: string;
  status: number;
  request_id: string;
  errors: ProblemDetail[];
  rate_limit?: { name: string; limit: number; remaining: number; retry_after: string };
}

export interface ProblemDetail {
  code: string;
  message: string;
  metadata?: Record<string, string>;
  source?: { field: string; pointer?: string };
}

const TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'resource_forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  409: 'conflict',
  412: 'precondition_failed',
  413: 'payload_too_large',
  422: 'validation_error',
  429: 'too_many_requests',
  500: 'api_error',
};

export function unauthenticated(code: string, message: string): Problem {
  return new Problem(401, { errors: [{ code, message }] });
}

export function missingScope(scope: string): Problem {
  const detail = { code: 'missing_required_scope', message: `missing a required scope: ${scope}` };
  return new Problem(403, { errors: [{ ...detail, metadata: { scope } }] });
}

export function notFound(): Problem {
  return new Problem(404, { errors: [{ code: 'not_found', message: 'Nothing here has that ID' }] });
}

export function invalid(field: string, message: string, code = 'invalid_value'): Problem {
  return new Problem(422, {
    errors: [{ code, message, source: { field, pointer: `/${field.replaceAll('.', '/')}` } }],
  });
}

export function badRequest(message: string): Problem {
  return new Problem(400, { errors: [{ code: 'invalid_request', message }] });
}

/** An error without a story of its own: what a misbehaving server answers. */
export function plainProblem(status: number): Problem {
  const type = TYPES[status] ?? 'api_error';
  return new Problem(status, {
    errors: [{ code: type, message: `The stand-in was told to answer ${status}` }],
  });
}

export function tooManyRequests(retryAt: number, key: { name: string; limit: number }): Problem {
  return new Problem(429, {
    errors: [
      { code: 'too_many_requests', message: 'Too many requests in too short a time; back off and retry' },
    ],
    rate_limit: {
      name: key.name,
      limit: key.limit,
      remaining: 0,
      retry_after: new Date(retryAt).toISOString(),
    },
  });
}
