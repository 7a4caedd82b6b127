import { type DocumentNode, type FieldNode, parse, type SelectionNode, type ValueNode } from 'graphql';

/** Answers GraphQL queries from objects whose fields are values or functions, as far as stand-ins of trackers need it. */

export type Resolver = (args: Record<string, unknown>) => unknown;
export interface GraphqlError {
  message: string;
  path: (string | number)[];
  type?: string;
  extensions?: Record<string, unknown>;
}

/** Thrown by a resolver: the field is null, with an error of its own. */
export class FieldError extends Error {
  readonly extra: Partial<GraphqlError>;
  constructor(message: string, extra: Partial<GraphqlError> = {}) {
    super(message);
    this.extra = extra;
  }
}

/** Thrown by a resolver: the whole query is refused, as for a field or an argument that nobody knows. */
export class QueryRefused extends Error {
  readonly extensions: Record<string, unknown>;
  constructor(message: string, extensions: Record<string, unknown> = {}) {
    super(message);
    this.extensions = extensions;
  }
}

const parsed = new Map<string, DocumentNode>();

export interface Answered {
  data?: unknown;
  errors?: (GraphqlError | { message: string; extensions?: Record<string, unknown> })[];
}

export function execute(
  text: string,
  root: Record<string, unknown>,
  variables: Record<string, unknown> = {},
): Answered {
  let document = parsed.get(text);
  document ??= parse(text, { noLocation: true });
  if (parsed.size < 500) parsed.set(text, document);
  const errors: GraphqlError[] = [];
  const operation = document.definitions.find((one) => one.kind === 'OperationDefinition');
  if (operation?.kind !== 'OperationDefinition') throw new Error('the query has no operation');
  try {
    const query = new Query(document, variables, errors);
    const data = query.select(root, operation.selectionSet.selections, []);
    return errors.length > 0 ? { data, errors } : { data };
  } catch (error) {
    if (!(error instanceof QueryRefused)) throw error;
    return { errors: [{ message: error.message, extensions: error.extensions }] };
  }
}

class Query {
  private readonly document: DocumentNode;
  private readonly variables: Record<string, unknown>;
  private readonly errors: GraphqlError[];

  constructor(document: DocumentNode, variables: Record<string, unknown>, errors: GraphqlError[]) {
    this.document = document;
    this.variables = variables;
    this.errors = errors;
  }

  select(
    source: Record<string, unknown>,
    selections: readonly SelectionNode[],
    path: (string | number)[],
  ): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const field of this.fieldsOf(source, selections)) {
      const name = field.alias?.value ?? field.name.value;
      result[name] = this.field(source, field, [...path, name]);
    }
    return result;
  }

  private *fieldsOf(
    source: Record<string, unknown>,
    selections: readonly SelectionNode[],
  ): Generator<FieldNode> {
    for (const one of selections) {
      if (one.kind === 'Field') {
        yield one;
        continue;
      }
      const fragment =
        one.kind === 'InlineFragment'
          ? one
          : this.document.definitions.find(
              (found) => found.kind === 'FragmentDefinition' && found.name.value === one.name.value,
            );
      if (fragment?.kind !== 'InlineFragment' && fragment?.kind !== 'FragmentDefinition')
        throw new QueryRefused('a fragment that is not there');
      const type = fragment.typeCondition?.name.value;
      const types = [source.__typename, ...(Array.isArray(source.__types) ? source.__types : [])];
      if (type === undefined || types.includes(type))
        yield* this.fieldsOf(source, fragment.selectionSet.selections);
    }
  }

  private field(source: Record<string, unknown>, field: FieldNode, path: (string | number)[]): unknown {
    const name = field.name.value;
    if (!(name in source))
      throw new QueryRefused(`Field '${name}' doesn't exist on type '${source.__typename ?? 'Query'}'`, {
        code: 'undefinedField',
      });
    try {
      const value = source[name];
      const args = Object.fromEntries(
        (field.arguments ?? []).map((argument) => [argument.name.value, this.value(argument.value)]),
      );
      return this.complete(typeof value === 'function' ? value(args) : value, field, path);
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      this.errors.push({ message: error.message, path, ...error.extra });
      return null;
    }
  }

  private complete(value: unknown, field: FieldNode, path: (string | number)[]): unknown {
    if (Array.isArray(value)) return value.map((one, i) => this.complete(one, field, [...path, i]));
    if (!isObject(value) || field.selectionSet === undefined) return value ?? null;
    return this.select(value, field.selectionSet.selections, path);
  }

  private value(node: ValueNode): unknown {
    switch (node.kind) {
      case 'Variable':
        return this.variables[node.name.value];
      case 'ListValue':
        return node.values.map((one) => this.value(one));
      case 'ObjectValue':
        return Object.fromEntries(node.fields.map((one) => [one.name.value, this.value(one.value)]));
      case 'NullValue':
        return null;
      case 'IntValue':
      case 'FloatValue':
        return Number(node.value);
      default:
        return node.value;
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
