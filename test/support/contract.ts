import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import ajvFormats from 'ajv-formats';
import type { ExchangeRequest, ExchangeResponse } from '../../src/simulator/log.ts';

/** Checks exchanges with incident.io (the stand-in or the real one) against its published OpenAPI schema. */

/** Where the schema is: beside the checkout, unless `INCIDENT_IO_OPENAPI` names another place. */
export const schemaFile =
  process.env.INCIDENT_IO_OPENAPI ??
  resolve(import.meta.dirname, '../../../shared/reference/incident-io-openapi.json');
export const schemaIsThere = existsSync(schemaFile);

/** Requests that the schema does not have, with the reason why they are made, and what is checked instead. */
const EXEMPT: Record<string, { reason: string; as: { path: string; method: string } }> = {
  'PATCH /v2/incidents/{id}': {
    reason: 'https://docs.incident.io/integrations/api-close-incidents names this route for the edit',
    as: { path: '/v2/incidents/{id}/actions/edit', method: 'post' },
  },
};

/** Operators of filters, from the text of the schema: the schema itself takes any. */
const OPERATORS: Record<string, readonly string[]> = {
  status: ['one_of', 'not_in'],
  status_category: ['one_of', 'not_in'],
  mode: ['one_of'],
  created_at: ['gte', 'lte', 'date_range'],
  updated_at: ['gte', 'lte', 'date_range'],
};

type Tree = { [key: string]: unknown };

export class ContractBreach extends Error {
  override readonly name = 'ContractBreach';
}

/** Throws a `ContractBreach` that lists what is not as the schema has it. Without the schema file it checks nothing. */
export function checkExchange(request: ExchangeRequest, response: ExchangeResponse): void {
  if (!schemaIsThere) return;
  const found = operationOf(request.method, request.path);
  if (found === undefined) throw breach(request, ['the schema has no such path and method']);
  const wrong = [
    ...queryFaults(found, request.query),
    ...bodyFaults(found, request),
    ...(response.genuine ? responseFaults(found, response) : []),
  ];
  if (wrong.length > 0) throw breach(request, wrong);
}

/** The method and template of every operation in the schema, such as `GET /v2/incidents/{id}`. */
export function operations(): string[] {
  return Object.entries(treeAt(schema(), 'paths')).flatMap(([path, methods]) =>
    Object.keys(asTree(methods)).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

interface Operation {
  path: string;
  method: string;
  tree: Tree;
}

function operationOf(method: string, path: string): Operation | undefined {
  const templates = Object.keys(treeAt(schema(), 'paths'));
  // A template without parameters is the better match: `/follow_ups/actions/...` is no `/follow_ups/{id}/...`.
  const matching = templates
    .filter((template) => new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path))
    .sort((a, b) => Number(a.includes('{')) - Number(b.includes('{')));
  for (const template of matching) {
    const exempt = EXEMPT[`${method.toUpperCase()} ${template}`];
    const found = exempt?.as ?? { path: template, method: method.toLowerCase() };
    const tree = treeAt(schema(), 'paths', found.path)[found.method];
    if (tree !== undefined) return { ...found, tree: asTree(tree) };
  }
  return undefined;
}

function queryFaults(operation: Operation, query: URLSearchParams): string[] {
  const declared = asList(operation.tree.parameters ?? []).map(asTree);
  return [...new Set(query.keys())].flatMap((key) => {
    const [, name = '', operator] = /^([^[]+)(?:\[([^\]]+)\])?$/.exec(key) ?? [];
    const index = declared.findIndex((parameter) => parameter.in === 'query' && parameter.name === name);
    const parameter = declared[index];
    if (parameter === undefined) return [`query parameter '${key}' is not in the schema`];
    const values = query.getAll(key);
    const type = asTree(parameter.schema).type;
    if (type === 'object') {
      if (operator === undefined) return [`query parameter '${key}' needs an operator`];
      const known = OPERATORS[name]?.includes(operator) ?? true;
      return known
        ? validate(pointerTo(operation, 'parameters', String(index), 'schema'), { [operator]: values })
        : [`'${key}': there is no such operator`];
    }
    if (operator !== undefined) return [`query parameter '${key}' takes no operator`];
    if (values.length > 1) return [`query parameter '${key}' is given ${values.length} times`];
    const value = type === 'integer' && /^-?\d+$/.test(values[0] ?? '') ? Number(values[0]) : values[0];
    return validate(pointerTo(operation, 'parameters', String(index), 'schema'), value).map(
      (fault) => `'${key}': ${fault}`,
    );
  });
}

function bodyFaults(operation: Operation, request: ExchangeRequest): string[] {
  if (operation.tree.requestBody === undefined) {
    return request.bodyText === '' ? [] : ['a body is sent where the schema has none'];
  }
  if (request.contentType?.startsWith('application/json') !== true) {
    return [`the body is sent as '${request.contentType}'`];
  }
  const pointer = pointerTo(operation, 'requestBody', 'content', 'application/json', 'schema');
  return validate(pointer, json(request.bodyText)).map((fault) => `request body: ${fault}`);
}

function responseFaults(operation: Operation, response: ExchangeResponse): string[] {
  const status = String(response.status);
  const described = asTree(operation.tree.responses)[status];
  if (described === undefined) return [`the schema has no answer ${status}`];
  if (asTree(described).content === undefined)
    return response.bodyText === '' ? [] : [`${status} has a body`];
  if (response.contentType?.startsWith('application/json') !== true) {
    return [`answer ${status} comes as '${response.contentType}'`];
  }
  const body = json(response.bodyText);
  const pointer = pointerTo(operation, 'responses', status, 'content', 'application/json', 'schema');
  const faults = validate(pointer, body).map((fault) => `answer ${status}: ${fault}`);
  if (response.status < 400 || asTree(body).status === response.status) return faults;
  return [...faults, `answer ${status} says another status in its body`];
}

/** One validator for each place in the schema, made when first needed. */
const validators = new Map<string, ValidateFunction>();
let ajv: Ajv | undefined;

function validate(pointer: string, value: unknown): string[] {
  if (ajv === undefined) {
    ajv = new Ajv({ strict: false, allErrors: true });
    ajvFormats.default(ajv);
    ajv.addSchema(schema(), 'openapi');
  }
  const known = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
  validators.set(pointer, known);
  if (known(value)) return [];
  return (known.errors ?? []).map((error) => {
    const extra = error.keyword === 'additionalProperties' ? ` (${error.params.additionalProperty})` : '';
    return `${error.instancePath || 'it'} ${error.message}${extra}`;
  });
}

function pointerTo(operation: Operation, ...steps: string[]): string {
  return ['paths', operation.path, operation.method, ...steps]
    .map((step) => `/${encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))}`)
    .join('');
}

let loaded: Tree | undefined;

function schema(): Tree {
  loaded ??= asTree(jsonSchemaOf(withNewer(json(readFileSync(schemaFile, 'utf8')))));
  return loaded;
}

/**
 * One route that incident.io publishes with its SDK for TypeScript alone so far; its errors are those of all others.
 * https://github.com/incident-io/sdk-ts/blob/main/openapi.json
 */
function withNewer(document: unknown): unknown {
  const paths = treeAt(asTree(document), 'paths');
  const path = '/v2/incident_updates';
  const updates = treeAt(paths, path);
  const listed = treeAt(updates, 'get', 'responses', '200', 'content', 'application/json', 'schema');
  const others = treeAt(paths, '/v2/incidents/{id}/actions/edit', 'post', 'responses');
  const { 200: _, ...errors } = others;
  const text = { type: 'string' };
  const created = {
    requestBody: {
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['idempotency_key', 'incident_id'],
            properties: {
              idempotency_key: text,
              incident_id: text,
              message: text,
              to_incident_status_id: text,
              to_severity_id: text,
            },
          },
        },
      },
    },
    responses: {
      ...errors,
      201: {
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['incident_update'],
              properties: { incident_update: itemsOf(asTree(document), listed) },
            },
          },
        },
      },
    },
  };
  return { ...asTree(document), paths: { ...paths, [path]: { post: created, ...updates } } };
}

/** The schema of one of the updates that the list has. */
function itemsOf(document: Tree, listed: Tree): unknown {
  const list =
    typeof listed.$ref === 'string' ? treeAt(document, ...listed.$ref.split('/').slice(1)) : listed;
  return treeAt(list, 'properties', 'incident_updates').items;
}

/**
 * OpenAPI 3.0 as JSON Schema: `nullable` becomes a type. Objects are closed, so that a misspelt field of a
 * request and an invented one of an answer are found; the real API may add fields at any time.
 */
function jsonSchemaOf(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(jsonSchemaOf);
  if (typeof node !== 'object' || node === null) return node;
  const tree: Tree = Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => key !== 'example' || typeof value === 'object')
      .map(([key, value]) => [key, jsonSchemaOf(value)]),
  );
  if (
    tree.type === 'object' &&
    typeof tree.properties === 'object' &&
    tree.additionalProperties === undefined
  ) {
    tree.additionalProperties = false;
  }
  if (tree.nullable === true && typeof tree.type === 'string') tree.type = [tree.type, 'null'];
  return tree;
}

function breach(request: ExchangeRequest, faults: readonly string[]): ContractBreach {
  return new ContractBreach(`${request.method} ${request.path}: ${faults.join('; ')}`);
}

function treeAt(tree: Tree, ...path: string[]): Tree {
  return path.reduce((at, step) => asTree(at[step]), tree);
}

function asTree(value: unknown): Tree {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
